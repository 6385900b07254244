//! Which content of an object is meant.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

/// The content of an object, as far as S3 can tell one from another.
///
/// A version id is given once and its bytes never change. Without versions there are
/// the entity tag and the time of the last change; the id `null` can be overwritten,
/// and counts as no version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mark {
    Version(String),
    Etag { etag: String, modified: String },
}

const VERSION: &str = "id:";
const ETAG: &str = "etag:";

impl Mark {
    pub(crate) fn of(version: Option<&str>, etag: &str, modified: Option<&DateTime>) -> Self {
        match version {
            Some(id) if id != "null" => Self::Version(id.to_owned()),
            Some(_) | None => Self::Etag {
                etag: etag.to_owned(),
                modified: modified
                    .and_then(|time| time.fmt(Format::DateTime).ok())
                    .unwrap_or_default(),
            },
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some(id) = text.strip_prefix(VERSION) {
            return Some(Self::Version(id.to_owned()));
        }
        let (etag, modified) = text.strip_prefix(ETAG)?.rsplit_once('@')?;
        Some(Self::Etag {
            etag: etag.to_owned(),
            modified: modified.to_owned(),
        })
    }

    pub(crate) fn text(&self) -> String {
        match self {
            Self::Version(id) => format!("{VERSION}{id}"),
            Self::Etag { etag, modified } => format!("{ETAG}{etag}@{modified}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_is_written_and_null_is_no_version() {
        let time = DateTime::from_secs(0);
        let version = Mark::of(Some("v1"), "\"e\"", Some(&time));
        assert_eq!(version.text(), "id:v1");
        for mark in [
            version,
            Mark::of(Some("null"), "\"e@f\"", Some(&time)),
            Mark::of(None, "", None),
        ] {
            assert_eq!(Mark::parse(&mark.text()), Some(mark));
        }
        let null = Mark::of(Some("null"), "\"e\"", Some(&time)).text();
        assert_eq!(null, "etag:\"e\"@1970-01-01T00:00:00Z");
        assert_eq!(Mark::parse("m1"), None);
    }
}
