//! How sure it is that a reference means the API.

use deprovision_core::provider::{Confidence, ReferenceKind};

use crate::search::MarkerClass;

/// What one reference says on its own.
///
/// - A host, a package, a key and a text that a person gave are what they say: high.
/// - A route or base path is high where a path begins there, or goes on after a host or a
///   parameter, and it has two segments or more; medium else: another API may have it.
/// - What environment variables begin with was derived from the id: medium.
/// - An operation id is a word: medium where it is called or quoted, low elsewhere.
/// - A text that is found wherever it stands: medium.
pub(super) fn confidence_of(
    class: MarkerClass,
    kind: ReferenceKind,
    text: &[u8],
    start: usize,
    end: usize,
) -> Confidence {
    match class {
        MarkerClass::Host | MarkerClass::Package | MarkerClass::Key | MarkerClass::Given => {
            Confidence::High
        }
        MarkerClass::Route | MarkerClass::BasePath => {
            let segments = text.get(start..end).unwrap_or_default();
            let segments = segments.iter().filter(|byte| **byte == b'/').count();
            let before = start.checked_sub(1).and_then(|at| text.get(at));
            let begins = match before {
                None => true,
                Some(byte) => b"\"'`}> \t\r\n=(,:[|".contains(byte) || after_a_host(text, start),
            };
            if begins && segments >= 2 {
                Confidence::High
            } else {
                Confidence::Medium
            }
        }
        MarkerClass::Variable | MarkerClass::Fixed => Confidence::Medium,
        MarkerClass::OperationId => match kind {
            ReferenceKind::Call | ReferenceKind::String => Confidence::Medium,
            // A later kind says no more than these do.
            _ => Confidence::Low,
        },
    }
}

/// `https://some.host:8443` before the path.
fn after_a_host(text: &[u8], start: usize) -> bool {
    let before = &text[start.saturating_sub(260)..start];
    let host = before
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b".-:_[]".contains(byte))
        .count();
    host > 0 && before[..before.len() - host].ends_with(b"//")
}

/// What all references of one file to one API say together: beside one that is sure,
/// another is likelier.
pub(super) fn raised(own: Confidence, best_in_file: Confidence) -> Confidence {
    match (own, best_in_file) {
        (Confidence::Low, Confidence::High) => Confidence::Medium,
        (own, _) => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_sure_where_a_path_begins() {
        for (text, expected) in [
            ("get('/v1/orders')", Confidence::High),
            ("https://api.shop.example:8443/v1/orders", Confidence::High),
            ("`${base}/v1/orders`", Confidence::High),
            ("/gateway/v1/orders", Confidence::Medium),
            ("docs/v1/orders", Confidence::Medium),
        ] {
            let start = text.find("/v1/orders").unwrap();
            let kind = ReferenceKind::Call;
            let route = MarkerClass::Route;
            let found = confidence_of(route, kind, text.as_bytes(), start, start + 10);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_word_is_less_sure_than_a_host_and_surer_beside_one() {
        let of = |class, kind| confidence_of(class, kind, b"listOrders", 0, 10);
        let word = of(MarkerClass::OperationId, ReferenceKind::Comment);
        assert_eq!(word, Confidence::Low);
        assert_eq!(
            of(MarkerClass::OperationId, ReferenceKind::Call),
            Confidence::Medium
        );
        assert_eq!(
            of(MarkerClass::Host, ReferenceKind::Comment),
            Confidence::High
        );
        assert_eq!(raised(word, Confidence::High), Confidence::Medium);
        assert_eq!(raised(word, Confidence::Medium), Confidence::Low);
    }
}
