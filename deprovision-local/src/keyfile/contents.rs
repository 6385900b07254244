//! What a key file holds, and its strict reading.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use deprovision_core::digest::Digest;
use deprovision_core::id::ApiId;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The longest key file that is read, in bytes.
pub(crate) const MAX_BYTES: u64 = 64 << 20;

/// A whole key file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    /// The form: 1.
    pub(crate) deprovision_keys: u64,
    pub(crate) account: String,
    /// APIs for which no new key is issued.
    pub(crate) frozen: BTreeSet<ApiId>,
    #[serde(deserialize_with = "unique")]
    pub(crate) keys: BTreeMap<String, Key>,
    #[serde(deserialize_with = "unique")]
    pub(crate) grants: BTreeMap<String, Grant>,
    /// Ids of deleted keys: never given out again.
    pub(crate) deleted: BTreeSet<String>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub(crate) api: ApiId,
    pub(crate) principal: String,
    /// Of the whole secret; the secret itself is nowhere.
    pub(crate) sha256: Digest,
    pub(crate) state: KeyState,
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "unique"
    )]
    pub(crate) labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeyState {
    Active,
    Disabled,
}

/// One permission: this principal may call this API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grant {
    pub(crate) principal: String,
    pub(crate) api: ApiId,
}

/// Why bytes are not a key file. The text never repeats a value of the file:
/// somebody may have pasted a secret into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Garbled {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) why: String,
}

impl Contents {
    pub(crate) fn empty(account: &str) -> Self {
        Self {
            deprovision_keys: 1,
            account: account.to_owned(),
            frozen: BTreeSet::new(),
            keys: BTreeMap::new(),
            grants: BTreeMap::new(),
            deleted: BTreeSet::new(),
        }
    }

    /// Reads a file of an account.
    pub(crate) fn parse(bytes: &[u8], account: &str) -> Result<Self, Garbled> {
        let contents: Self = serde_json::from_slice(bytes).map_err(|error| Garbled {
            line: error.line(),
            column: error.column(),
            why: describe(&error),
        })?;
        contents.check(account).map_err(|(needle, why)| {
            let (line, column) = position(bytes, needle.as_deref());
            Garbled { line, column, why }
        })?;
        Ok(contents)
    }

    /// What serde can not see; with the text near which it is.
    fn check(&self, account: &str) -> Result<(), (Option<String>, String)> {
        if self.deprovision_keys != 1 {
            let why = "its form is not 1; use a newer version of deprovision-local";
            return Err((Some("deprovision_keys".to_owned()), why.to_owned()));
        }
        if self.account != account {
            let why = format!("it belongs to another account than {account}");
            return Err((Some("account".to_owned()), why));
        }
        let mut seen: BTreeMap<&Digest, &str> = BTreeMap::new();
        for (id, key) in &self.keys {
            if !is_id(id) || !is_principal(&key.principal) {
                let why = "a key has an id or a principal that is empty, too long or holds other \
                           characters than letters, digits and . _ - (and @ : + / for principals)";
                return Err((Some(id.clone()), why.to_owned()));
            }
            if let Some(other) = seen.insert(&key.sha256, id) {
                let why = format!(
                    "keys {other} and {id} have the same digest: disabling one would leave the \
                     other working; remove one of them"
                );
                return Err((Some(id.clone()), why));
            }
        }
        for (id, grant) in &self.grants {
            if !is_id(id) || !is_principal(&grant.principal) {
                let why = "a grant has an id or a principal that is empty, too long or holds \
                           other characters than letters, digits and . _ - (and @ : + / for \
                           principals)";
                return Err((Some(id.clone()), why.to_owned()));
            }
        }
        Ok(())
    }

    /// The bytes of the file, for people and for version control.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

/// Whether a text is the id of a key or a grant.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

/// Whether a text is the name of a principal.
pub(crate) fn is_principal(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-@:+/".contains(c))
}

/// What serde says, without what the file says.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match error.classify() {
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            "it is not JSON there".to_owned()
        }
        serde_json::error::Category::Eof => "it ends too early; was it cut off?".to_owned(),
        // These name our own fields, or nothing.
        serde_json::error::Category::Data
            if text.starts_with("missing field") || text.starts_with(TWICE) =>
        {
            text.split(" at line").next().unwrap_or(TWICE).to_owned()
        }
        serde_json::error::Category::Data => {
            "a field or value is there that a key file does not have".to_owned()
        }
    }
}

/// Where a quoted text first stands, counted from 1.
fn position(bytes: &[u8], needle: Option<&str>) -> (usize, usize) {
    let quoted = needle
        .map(|needle| format!("\"{needle}\""))
        .unwrap_or_default();
    let text = String::from_utf8_lossy(bytes);
    let at = text.find(&quoted).unwrap_or(0);
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, str::len) + 1;
    (line, column)
}

const TWICE: &str = "the same name stands there twice";

/// A map in which no name occurs twice: the last one would silently win, and a
/// disabled key would work again.
fn unique<'de, D, V>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error>
where
    D: Deserializer<'de>,
    V: Deserialize<'de>,
{
    struct Unique<V>(PhantomData<V>);
    impl<'de, V: Deserialize<'de>> Visitor<'de> for Unique<V> {
        type Value = BTreeMap<String, V>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut map = BTreeMap::new();
            while let Some((name, value)) = access.next_entry()? {
                if map.insert(name, value).is_some() {
                    return Err(A::Error::custom(TWICE));
                }
            }
            Ok(map)
        }
    }
    deserializer.deserialize_map(Unique(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Contents {
        let mut contents = Contents::empty("shop");
        contents.keys.insert(
            "ak_billing".to_owned(),
            Key {
                api: ApiId::parse("orders-v1").unwrap(),
                principal: "billing".to_owned(),
                sha256: Digest::of_bytes(b"long and random"),
                state: KeyState::Disabled,
                labels: BTreeMap::from([("team".to_owned(), "money".to_owned())]),
            },
        );
        contents
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = sample().to_bytes().unwrap();
        assert_eq!(Contents::parse(&bytes, "shop").unwrap(), sample());
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_with_its_line() {
        let text = String::from_utf8(sample().to_bytes().unwrap()).unwrap();
        let active = text.replace(
            "\"keys\": {",
            &format!(
                "\"keys\": {{ \"ak_billing\": {{\"api\":\"orders-v1\",\"principal\":\"billing\",\
                 \"sha256\":\"{}\",\"state\":\"active\"}},",
                Digest::of_bytes(b"other")
            ),
        );
        let garbled = Contents::parse(active.as_bytes(), "shop").unwrap_err();
        assert!(garbled.why.contains("twice"), "{garbled:?}");
        assert!(garbled.line > 4, "{garbled:?}");
    }

    #[test]
    fn two_keys_with_one_secret_are_refused() {
        let mut contents = sample();
        let key = contents.keys["ak_billing"].clone();
        contents.keys.insert("ak_twin".to_owned(), key);
        let bytes = contents.to_bytes().unwrap();
        let garbled = Contents::parse(&bytes, "shop").unwrap_err();
        assert!(garbled.why.contains("same digest"), "{garbled:?}");
        assert!(garbled.line > 10, "{garbled:?}");
    }

    #[test]
    fn i_20_an_error_never_repeats_what_the_file_says() {
        let canary = "sk_live_canary";
        let text = String::from_utf8(sample().to_bytes().unwrap()).unwrap();
        for (from, to) in [
            ("\"disabled\"", format!("\"{canary}\"")),
            ("\"orders-v1\"", format!("\"{canary} \"")),
            ("\"sha256\"", format!("\"{canary}\"")),
            ("\"frozen\": []", format!("\"frozen\": [\"{canary} \"]")),
            (
                "\"deprovision_keys\": 1",
                format!("\"deprovision_keys\": \"{canary}\""),
            ),
            (
                "\"account\": \"shop\"",
                format!("\"account\": \"{canary}\""),
            ),
        ] {
            assert!(text.contains(from), "{from}");
            let garbled = Contents::parse(text.replace(from, &to).as_bytes(), "shop").unwrap_err();
            assert!(!format!("{garbled:?}").contains(canary), "{garbled:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Contents::parse(&bytes, "shop");
        }

        #[test]
        fn a_file_with_one_byte_changed_is_refused_or_read_as_something_else(
            at in 0usize..400, byte in any::<u8>(),
        ) {
            let mut bytes = sample().to_bytes().unwrap();
            if let Some(old) = bytes.get_mut(at) && *old != byte {
                let white = old.is_ascii_whitespace() && byte.is_ascii_whitespace();
                *old = byte;
                if !white && let Ok(read) = Contents::parse(&bytes, "shop") {
                    prop_assert_ne!(read, sample());
                }
            }
        }
    }
}
