//! The answer 410: a problem document (RFC 9457) and its headers, written so that
//! API Gateway hands them out as they are.

use deprovision_core::provider::{GoneNotice, ProviderError, SunsetNotice};
use deprovision_core::time::Timestamp;
use serde_json::{Value, json};

use crate::error::invalid;

/// The problem type of a closed path.
const GONE: &str =
    "https://github.com/deprovision/deprovision/blob/main/deprovision-aws/README.md#gone";
/// The problem type of a brown-out.
const BROWN_OUT: &str =
    "https://github.com/deprovision/deprovision/blob/main/deprovision-aws/README.md#brown-out";

/// The document of a closed path.
pub(super) fn gone(notice: &GoneNotice) -> Value {
    let mut document = json!({
        "type": GONE,
        "title": "This API has been retired",
        "status": 410,
        "detail": format!("{} has been retired.", notice.title.trim()),
    });
    add(&mut document, "successor", notice.successor.as_deref());
    add(
        &mut document,
        "documentation",
        notice.documentation.as_deref(),
    );
    document
}

/// The document of a brown-out.
pub(super) fn brown_out(until: Timestamp, notice: Option<&SunsetNotice>) -> Value {
    let mut document = json!({
        "type": BROWN_OUT,
        "title": "This API is switched off for a while",
        "status": 410,
        "detail": format!(
            "This API is switched off on purpose until {until}, to show what will stop \
             working when it is retired."
        ),
        "until": until,
    });
    if let Some(notice) = notice {
        add(&mut document, "successor", notice.successor.as_deref());
        add(
            &mut document,
            "documentation",
            notice.documentation.as_deref(),
        );
    }
    document
}

fn add(document: &mut Value, name: &str, value: Option<&str>) {
    if let (Some(members), Some(value)) = (document.as_object_mut(), value) {
        members.insert(name.to_owned(), value.into());
    }
}

/// JSON as the body of a gateway response. API Gateway replaces `$context.…` and
/// `$stageVariables.…` in it, so no `$` is left: in JSON it only occurs inside
/// strings, where it can be written as an escape.
pub(super) fn template(document: &Value) -> String {
    document.to_string().replace('$', "\\u0024")
}

/// A constant as API Gateway's mappings write it: between single quotes.
///
/// # Errors
/// When the text could end the constant or be taken for a variable.
pub(super) fn constant(operation: &str, text: &str) -> Result<String, ProviderError> {
    if text.contains(['\'', '$']) || !text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return Err(invalid(
            operation,
            "a URL of the notice holds ' or $, which end or fill a constant of API Gateway; \
             write them as %27 and %24",
        ));
    }
    Ok(format!("'{text}'"))
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_title_is_no_variable_of_api_gateway_and_breaks_no_document() {
        let title = "Orders \"v1\" $context.identity.sourceIp $stageVariables.secret";
        let body = template(&gone(&GoneNotice::new(title)));
        assert!(!body.contains('$'), "{body}");
        let read: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(read["detail"], format!("{title} has been retired."));
        assert_eq!(read["status"], 410);
    }

    #[test]
    fn a_text_that_could_end_a_constant_is_refused() {
        assert_eq!(constant("set", "@1").unwrap(), "'@1'");
        for bad in ["it's", "$context.apiId", "a\r\nb", "é"] {
            assert!(constant("set", bad).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_title_is_read_back(title in ".{0,60}") {
            let body = template(&gone(&GoneNotice::new(title.clone())));
            prop_assert!(!body.contains('$'));
            let read: Value = serde_json::from_str(&body).unwrap();
            let told = format!("{} has been retired.", title.trim());
            prop_assert_eq!(&read["detail"], &Value::String(told));
        }
    }
}
