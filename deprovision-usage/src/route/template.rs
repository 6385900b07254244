//! Path templates: `/v1/orders/{id}`.

use super::target::cut;

/// How many segments of a template are looked at; of a longer one the rest is any.
const MAX_SEGMENTS: usize = 256;

/// One segment of a template.
#[derive(Debug, Clone, Copy)]
pub(super) enum Segment<'a> {
    /// This text.
    Literal(&'a [u8]),
    /// A parameter with text around it: `{id}.json`, `{name}:cancel`.
    Mixed {
        /// What the segment begins with.
        before: &'a [u8],
        /// What it ends with.
        after: &'a [u8],
    },
    /// Any one segment: `{id}`, `:id`, `*`.
    Any,
    /// All that follows: `{proxy+}`, `{*rest}`, `{rest...}`, `**`.
    Rest,
}

/// A path with parameters.
#[derive(Debug)]
pub(super) struct Template<'a> {
    segments: Vec<Segment<'a>>,
}

impl<'a> Template<'a> {
    /// The template that a [decoded](super::target::decoded) path is.
    pub(super) fn of(path: &'a [u8]) -> Self {
        let mut segments: Vec<Segment<'a>> = cut(path).map(segment).collect();
        if segments.len() > MAX_SEGMENTS {
            segments.truncate(MAX_SEGMENTS);
            segments.push(Segment::Rest);
        }
        Self { segments }
    }

    pub(super) fn segments(&self) -> &[Segment<'a>] {
        &self.segments
    }

    /// How many segments of the template stand for the whole API: up to and with its
    /// version (`/v1`, `/api/v2`, `/{tenant}/v1`); without a version the literal
    /// segments before the first parameter (`/orders`). `None` when nothing is
    /// left that tells the API from any other.
    pub(super) fn prefix(&self) -> Option<usize> {
        let version = self
            .segments
            .iter()
            .position(|segment| matches!(segment, Segment::Literal(text) if is_version(text)));
        match version {
            Some(at) => Some(at + 1),
            None => {
                let is_literal = |segment: &&Segment<'_>| matches!(segment, Segment::Literal(_));
                let literal = self.segments.iter().take_while(is_literal).count();
                (literal > 0).then_some(literal)
            }
        }
    }

    /// How many literal segments it has.
    pub(super) fn literals(&self) -> usize {
        self.segments
            .iter()
            .filter(|segment| matches!(segment, Segment::Literal(_)))
            .count()
    }
}

fn segment(text: &[u8]) -> Segment<'_> {
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
        return Segment::Mixed { before, after };
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
