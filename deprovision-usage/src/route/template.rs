//! Path templates: `/v1/orders/{id}`.

use super::target::segments;

/// How many segments of a template are looked at; of a longer one the rest is any.
const MAX_SEGMENTS: usize = 256;

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Segment {
    /// This text.
    Literal(Vec<u8>),
    /// A parameter with text around it: `{id}.json`, `{name}:cancel`.
    Mixed {
        /// What the segment begins with.
        before: Vec<u8>,
        /// What it ends with.
        after: Vec<u8>,
    },
    /// Any one segment: `{id}`, `:id`, `*`.
    Any,
    /// All that follows: `{proxy+}`, `{*rest}`, `{rest...}`, `**`.
    Rest,
}

/// A path with parameters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Template {
    segments: Vec<Segment>,
}

impl Template {
    pub(super) fn parse(path: &str) -> Self {
        let mut segments: Vec<Segment> =
            segments(path.as_bytes()).into_iter().map(segment).collect();
        if segments.len() > MAX_SEGMENTS {
            segments.truncate(MAX_SEGMENTS);
            segments.push(Segment::Rest);
        }
        Self { segments }
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
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

    /// How many literal segments it has.
    pub(super) fn literals(&self) -> usize {
        self.segments
            .iter()
            .filter(|segment| matches!(segment, Segment::Literal(_)))
            .count()
    }
}

fn segment(text: Vec<u8>) -> Segment {
    let (open, close) = (
        text.iter().position(|b| *b == b'{'),
        text.iter().rposition(|b| *b == b'}'),
    );
    let braced = open.is_some() || close.is_some();
    if braced && (text.ends_with(b"+}") || text.ends_with(b"...}"))
        || text.starts_with(b"{*")
        || text == b"**"
    {
        return Segment::Rest;
    }
    if let (Some(open), Some(close)) = (open, close)
        && let (Some(before), Some(after)) = (text.get(..open), text.get(close + 1..))
        && open < close
        && !(before.is_empty() && after.is_empty())
    {
        return Segment::Mixed {
            before: before.to_vec(),
            after: after.to_vec(),
        };
    }
    if braced || text.starts_with(b":") || text == b"*" {
        return Segment::Any;
    }
    Segment::Literal(text)
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
