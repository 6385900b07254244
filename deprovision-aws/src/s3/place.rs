//! A bucket, or a part of one.

use std::fmt;

use crate::s3::{S3Error, names};

/// A bucket, or the keys of one that begin with a prefix: `orders` or `orders/v1/`.
///
/// ```
/// use deprovision_aws::s3::S3Place;
/// assert_eq!(S3Place::new("orders-data", "v1/")?.to_string(), "orders-data/v1/");
/// assert_eq!(S3Place::new("orders-data", "")?.to_string(), "orders-data");
/// assert!(S3Place::new("orders-data", "v1").is_err());
/// # Ok::<(), deprovision_aws::s3::S3Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Place {
    bucket: String,
    prefix: String,
}

impl S3Place {
    /// A bucket by its name and a prefix: empty for all of it, or ending in `/`.
    ///
    /// # Errors
    /// [`S3Error`] when one of them can not be that.
    pub fn new(bucket: impl Into<String>, prefix: impl Into<String>) -> Result<Self, S3Error> {
        let (bucket, prefix) = (bucket.into(), prefix.into());
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let is_bucket = (3..=63).contains(&bucket.len())
            && bucket
                .bytes()
                .all(|byte| letter(byte) || byte == b'-' || byte == b'.')
            && bucket.bytes().next().is_some_and(letter)
            && bucket.bytes().last().is_some_and(letter);
        if !is_bucket {
            return Err(S3Error::Bucket(bucket.chars().take(80).collect()));
        }
        let why = match prefix.strip_suffix('/') {
            Some(parts) => names::why_not(parts),
            None if prefix.is_empty() => None,
            None => Some("it does not end in /, and would reach into its neighbours"),
        };
        if let Some(why) = why {
            return Err(S3Error::Prefix {
                prefix: prefix.chars().take(80).collect(),
                why,
            });
        }
        Ok(Self { bucket, prefix })
    }

    /// What `Display` writes.
    pub(crate) fn parse(text: &str) -> Result<Self, S3Error> {
        let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
        if text.contains('/') && prefix.is_empty() {
            return Err(S3Error::Prefix {
                prefix: "/".to_owned(),
                why: "a whole bucket is written without it",
            });
        }
        Self::new(bucket, prefix)
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What all keys begin with: empty, or ending in `/`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The key of a name.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A part of it. `part` is made of parts that are names.
    pub(crate) fn below(&self, part: &str) -> Self {
        Self {
            bucket: self.bucket.clone(),
            prefix: format!("{}{part}/", self.prefix),
        }
    }

    /// Whether a key can lie in both.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.bucket == other.bucket
            && (self.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&self.prefix))
    }

    /// The ARN of the bucket.
    pub(crate) fn bucket_arn(&self, partition: &str) -> String {
        format!("arn:{partition}:s3:::{}", self.bucket)
    }

    /// The ARN of all that lies in it.
    pub(crate) fn objects_arn(&self, partition: &str) -> String {
        format!("arn:{partition}:s3:::{}/{}*", self.bucket, self.prefix)
    }
}

impl fmt::Display for S3Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, "/{}", self.prefix)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_is_what_it_is_written_as_and_a_prefix_never_reaches_its_neighbours() {
        for good in ["abc", "a.b-c", "abc/d/", "abc/d/e f/"] {
            assert_eq!(S3Place::parse(good).unwrap().to_string(), good);
        }
        for bad in [
            "ab", "Abc", "a_b", "-abc", "abc-", "abc/", "abc/d", "abc//", "abc/d//", "abc/../",
        ] {
            assert!(S3Place::parse(bad).is_err(), "{bad:?}");
        }
        let place = |text| S3Place::parse(text).unwrap();
        assert!(place("abc").overlaps(&place("abc/d/")));
        assert!(place("abc/d/e/").overlaps(&place("abc/d/")));
        assert!(!place("abc/d/").overlaps(&place("abc/de/")));
        assert!(!place("abc").overlaps(&place("abd")));
    }

    proptest! {
        #[test]
        fn any_text_is_a_place_or_refused(text in "[a-c./]{0,9}") {
            if let Ok(place) = S3Place::parse(&text) {
                prop_assert_eq!(place.to_string(), text);
            }
        }
    }
}
