//! SHA-256 digests and the canonical encoding they are taken over.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest, written as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Wraps the 32 bytes of a digest.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest of plain bytes, with no domain mixed in: what `sha256sum` prints.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a value's canonical JSON, bound to what the value is for.
    ///
    /// `domain` keeps a plan from ever having the digest of a policy with the
    /// same fields. It is hashed with its length, before the value.
    ///
    /// # Errors
    /// [`CanonicalError`] when the value has no canonical form.
    pub fn of_value(domain: &str, value: &impl Serialize) -> Result<Self, CanonicalError> {
        Ok(Self::of_canonical(domain, &canonical_json(value)?))
    }

    /// The digest of a value whose canonical JSON was written already.
    pub(crate) fn of_canonical(domain: &str, json: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update((domain.len() as u64).to_be_bytes());
        hash.update(domain.as_bytes());
        hash.update(json);
        Self(hash.finalize().into())
    }

    /// The 64 hexadecimal digits alone, as in-toto and `sha256sum` write them.
    #[must_use]
    pub fn to_hex(&self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            text.push(char::from(HEX[usize::from(byte >> 4)]));
            text.push(char::from(HEX[usize::from(byte & 15)]));
        }
        text
    }
}

const HEX: [u8; 16] = *b"0123456789abcdef";

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Why a text is not a [`Digest`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: write sha256: and 64 hexadecimal digits in lower case")]
#[non_exhaustive]
pub struct ParseDigestError;

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        let hex = text.strip_prefix("sha256:").ok_or(ParseDigestError)?;
        let hex: &[u8; 64] = hex.as_bytes().try_into().map_err(|_| ParseDigestError)?;
        let nibble = |c: u8| match c {
            b'0'..=b'9' => Ok(c - b'0'),
            b'a'..=b'f' => Ok(c - b'a' + 10),
            _ => Err(ParseDigestError),
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Why a value has no canonical JSON.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CanonicalError {
    /// The value can not be written as JSON at all.
    #[error("the value can not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// A number that other readers would round: a fraction, or beyond ±(2^53 - 1).
    #[error(
        "the number {0} has no exact canonical form; use an integer within ±(2^53 - 1) or a text"
    )]
    Number(serde_json::Number),
}

/// The canonical JSON of a value: RFC 8785 (JSON Canonicalization Scheme)
/// restricted to integers.
///
/// Keys are sorted by UTF-16 code units, nothing is indented, and fractions are
/// refused instead of rounded. The same value has the same bytes in every
/// version and on every machine.
///
/// # Errors
/// [`CanonicalError`] when the value is no JSON or holds a number that is not an
/// integer within ±(2^53 - 1).
pub fn canonical_json(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::new();
    append_canonical(value, &mut out)?;
    Ok(out)
}

/// Writes the canonical JSON of a value behind what is there.
pub(crate) fn append_canonical(
    value: &impl Serialize,
    out: &mut Vec<u8>,
) -> Result<(), CanonicalError> {
    write_canonical(&serde_json::to_value(value)?, out)
}

/// The same for what is a JSON value already.
pub(crate) fn write_canonical(value: &Value, out: &mut Vec<u8>) -> Result<(), CanonicalError> {
    const MAX: u64 = (1 << 53) - 1;
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => serde_json::to_writer(out, value)?,
        Value::Number(number) => {
            let exact = number.as_u64().is_some_and(|n| n <= MAX)
                || number.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX);
            if !exact {
                return Err(CanonicalError::Number(number.clone()));
            }
            serde_json::to_writer(out, value)?;
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_canonical(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => {
            // Sorted here, not by the map: another crate in the build may switch
            // serde_json's `preserve_order` on.
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push(b'{');
            for (i, (key, item)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, key)?;
                out.push(b':');
                write_canonical(item, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn keys_are_sorted_and_nothing_is_indented() {
        let value = serde_json::json!({"b": [1, null, true], "a": {"y": "é\n", "x": -3}});
        assert_eq!(
            String::from_utf8(canonical_json(&value).unwrap()).unwrap(),
            "{\"a\":{\"x\":-3,\"y\":\"é\\n\"},\"b\":[1,null,true]}"
        );
    }

    /// RFC 8785 sorts by UTF-16 code units: a surrogate comes before U+FF61, though
    /// its character comes after.
    #[test]
    fn keys_beyond_ascii_are_in_the_order_of_their_utf_16_units() {
        let value = serde_json::json!({"\u{ff61}": 1, "\u{1f600}": 2, "é": 3, "z": 4});
        assert_eq!(
            String::from_utf8(canonical_json(&value).unwrap()).unwrap(),
            "{\"z\":4,\"é\":3,\"\u{1f600}\":2,\"\u{ff61}\":1}"
        );
    }

    #[test]
    fn a_number_that_others_would_round_is_refused() {
        for bad in [
            serde_json::json!(1.5),
            serde_json::json!(1u64 << 53),
            serde_json::json!(i64::MIN),
        ] {
            assert!(matches!(
                canonical_json(&bad),
                Err(CanonicalError::Number(_))
            ));
        }
    }

    #[test]
    fn the_same_fields_for_another_purpose_have_another_digest() {
        let a = Digest::of_value("plan", &1).unwrap();
        let b = Digest::of_value("policy", &1).unwrap();
        assert_ne!(a, b);
    }

    proptest! {
        #[test]
        fn a_digest_is_read_as_it_is_written(bytes in any::<[u8; 32]>()) {
            let digest = Digest::from_bytes(bytes);
            prop_assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = text.parse::<Digest>();
        }
    }
}
