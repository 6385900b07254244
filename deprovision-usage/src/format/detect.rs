//! Finding out the format of a log by its first lines.

use super::records::{Records, fits};
use super::{Format, JsonFields};
use crate::line::LineError;

/// How many bytes of a sample are looked at.
const SAMPLE_BYTES: usize = 64 * 1024;

/// How many lines of a sample are looked at.
const SAMPLE_LINES: usize = 200;

/// What a log's format seems to be.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Detection {
    /// The format.
    pub format: Format,
    /// What was found, for people: `186 of 186 lines are Combined Log Format`.
    pub why: String,
    /// How many lines fit it.
    pub agreeing: usize,
    /// How many lines were looked at.
    pub of: usize,
}

/// Why no format was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DetectError {
    /// The log has no line.
    #[error(
        "the log has no line yet, so its format can not be told; name it, as in json or nginx:PATTERN"
    )]
    Empty,
    /// No format fits half of the lines.
    #[error(
        "no known format fits half of the first {of} lines: {}; name the format, as in json:time=ts,path=req.uri or nginx:PATTERN with the log_format of the server's configuration",
        list(.misfits)
    )]
    NoneFits {
        /// How many lines were looked at.
        of: usize,
        /// What each format says of them.
        misfits: Vec<Misfit>,
    },
}

/// How a format does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misfit {
    /// The format's name.
    pub format: String,
    /// How many lines fit it.
    pub agreeing: usize,
    /// The first line that does not, counted from one among those that are not empty.
    pub line: usize,
    /// What is wrong with it.
    pub error: LineError,
}

fn list(misfits: &[Misfit]) -> String {
    let one = |misfit: &Misfit| {
        format!(
            "{} fits {} (in line {} {})",
            misfit.format, misfit.agreeing, misfit.line, misfit.error
        )
    };
    misfits.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Takes the format that most of the first lines fit, at most 200 in at most 64 KiB.
///
/// Of formats that fit equally many, the first of this list is taken: CloudTrail
/// events, JSON lines with the usual names (also API Gateway's), ALB access logs,
/// Envoy's default format, the Combined Log Format (also nginx's `main`), API
/// Gateway's Common Log Format. None of them fits lines of another; only a client's
/// address that is a word makes a line of one look like another's.
///
/// Empty lines do not count, nor does the last line where the sample ends in it.
///
/// ```
/// let sample = b"10.0.0.7 - - [10/Oct/2026:13:55:36 +0000] \"GET / HTTP/1.1\" 200 1\n";
/// let found = deprovision_usage::detect(sample)?;
/// assert_eq!(found.why, "1 of 1 line is Combined Log Format");
/// # Ok::<(), deprovision_usage::DetectError>(())
/// ```
///
/// # Errors
/// [`DetectError`] when there is no line, or fewer than half of them fit any format.
pub fn detect(sample: &[u8]) -> Result<Detection, DetectError> {
    let sample = sample.get(..SAMPLE_BYTES).unwrap_or(sample);
    let unpacked;
    let sample = if fits(sample) {
        unpacked = Records::of_sample(sample);
        unpacked.as_slice()
    } else {
        sample
    };
    let mut lines: Vec<&[u8]> = sample.split(|b| *b == b'\n').collect();
    // A last line without its line feed is whole only when it is the only one.
    if let Some(last) = lines.pop()
        && lines.is_empty()
    {
        lines.push(last);
    }
    lines.retain(|line| !line.trim_ascii().is_empty());
    lines.truncate(SAMPLE_LINES);
    let of = lines.len();
    if of == 0 {
        return Err(DetectError::Empty);
    }
    let mut best: Option<(usize, Format)> = None;
    let mut misfits = Vec::new();
    for format in candidates() {
        let mut agreeing = 0;
        let mut first = None;
        for (number, line) in (1..).zip(&lines) {
            match format.parse(line) {
                Ok(_) => agreeing += 1,
                Err(error) => {
                    first.get_or_insert((number, error));
                }
            }
        }
        if let Some((line, error)) = first {
            misfits.push(Misfit {
                format: format.to_string(),
                agreeing,
                line,
                error,
            });
        }
        if best.as_ref().is_none_or(|(most, _)| agreeing > *most) {
            best = Some((agreeing, format));
        }
    }
    match best {
        Some((agreeing, format)) if agreeing * 2 >= of => Ok(Detection {
            why: format!(
                "{agreeing} of {of} {} {format}",
                if of == 1 { "line is" } else { "lines are" }
            ),
            format,
            agreeing,
            of,
        }),
        Some(_) | None => Err(DetectError::NoneFits { of, misfits }),
    }
}

/// The formats that are tried, in the order in which they win ties.
fn candidates() -> [Format; 6] {
    [
        Format::cloud_trail(),
        Format::json_lines(JsonFields::usual()),
        Format::alb(),
        Format::envoy(),
        Format::combined(),
        Format::api_gateway(),
    ]
}
