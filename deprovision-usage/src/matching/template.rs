//! Path templates: `/v1/orders/{id}`.

use super::target::{Path, segments};

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// This text.
    Literal(Vec<u8>),
    /// Any one segment: `{id}`, `:id`, `*`, also `{id}.json`.
    Any,
    /// All that follows: `{proxy+}`, `{*rest}`, `{rest...}`, `**`.
    Rest,
}

/// A path with parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    segments: Vec<Segment>,
}

impl Template {
    pub(super) fn parse(path: &str) -> Self {
        let segments = segments(path.as_bytes())
            .into_iter()
            .map(|segment| {
                let open = segment.contains(&b'{') || segment.contains(&b'}');
                if open && (segment.ends_with(b"+}") || segment.ends_with(b"...}"))
                    || segment.starts_with(b"{*")
                    || segment == b"**"
                {
                    Segment::Rest
                } else if open || segment.starts_with(b":") || segment == b"*" {
                    Segment::Any
                } else {
                    Segment::Literal(segment)
                }
            })
            .collect();
        Self { segments }
    }

    /// The part of the template that stands for the whole API: up to and with its
    /// version (`/v1`, `/api/v2`, `/{tenant}/v1`); without a version the literal
    /// segments before the first parameter (`/orders`). `None` when nothing is
    /// left that tells the API from any other.
    pub(super) fn prefix(&self) -> Option<Self> {
        let version = self
            .segments
            .iter()
            .position(|segment| matches!(segment, Segment::Literal(text) if is_version(text)));
        let length = match version {
            Some(at) => at + 1,
            None => self
                .segments
                .iter()
                .take_while(|segment| matches!(segment, Segment::Literal(_)))
                .count(),
        };
        let segments: Vec<Segment> = self.segments.iter().take(length).cloned().collect();
        let tells = segments.iter().any(|s| matches!(s, Segment::Literal(_)));
        tells.then_some(Self { segments })
    }

    /// Whether the template is this path, all of it.
    pub(super) fn is(&self, path: &Path) -> bool {
        match self.segments.last() {
            Some(Segment::Rest) => self.begins(path),
            Some(Segment::Literal(_) | Segment::Any) | None => {
                path.len() == self.segments.len() && self.begins(path)
            }
        }
    }

    /// Whether the path begins with the template.
    pub(super) fn begins(&self, path: &Path) -> bool {
        let mut rest = path.iter();
        for segment in &self.segments {
            let same = match segment {
                Segment::Rest => return true,
                Segment::Any => rest.next().is_some(),
                Segment::Literal(text) => rest.next() == Some(text),
            };
            if !same {
                return false;
            }
        }
        true
    }

    /// How many literal segments it has.
    pub(super) fn literals(&self) -> usize {
        self.segments
            .iter()
            .filter(|segment| matches!(segment, Segment::Literal(_)))
            .count()
    }
}

/// `v1`, `v2.1`, `v1beta3`, `1.0`, `2024-10-01`: what people put a version as.
fn is_version(segment: &[u8]) -> bool {
    let digits = segment.strip_prefix(b"v").unwrap_or(segment);
    let versioned = digits.len() < segment.len();
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(is_part)
        && (versioned || digits.iter().any(|b| matches!(b, b'.' | b'-')))
}
