//! Where and in what language a person is reached.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

macro_rules! tag {
    ($(#[$doc:meta])* $name:ident, $valid:path, $error:ident, $message:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The tag as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        #[doc = concat!("Why a text is not a [`", stringify!($name), "`].")]
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[error($message, .0)]
        pub struct $error(String);

        impl FromStr for $name {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                if $valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($error(text.chars().take(80).collect()))
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }
    };
}

tag! {
    /// The name of a time zone in the IANA database, as in `Europe/Berlin`. Whether the
    /// database has it, whoever uses it finds out: this crate reads no disk.
    TimeZoneName,
    is_time_zone,
    ParseTimeZoneError,
    "{:?} is no name of a time zone in the IANA database"
}

tag! {
    /// A language (BCP 47), as in `de` or `pt-BR`.
    LanguageTag,
    is_language,
    ParseLanguageError,
    "{:?} is no language tag by BCP 47"
}

fn is_time_zone(text: &str) -> bool {
    text.len() <= 64
        && text.split('/').all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_+-".contains(&b))
        })
}

fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or_default();
    (2..=8).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && text.len() <= 35
        && parts.all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_a_path_or_a_header_is_no_tag() {
        for good in [
            "UTC",
            "Europe/Berlin",
            "America/Argentina/Buenos_Aires",
            "Etc/GMT+5",
        ] {
            assert!(good.parse::<TimeZoneName>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "../etc/passwd",
            "Europe/../x",
            "a b",
            "x\r\ny",
            "/UTC",
            "é",
        ] {
            assert!(bad.parse::<TimeZoneName>().is_err(), "{bad:?}");
        }
        for good in ["de", "pt-BR", "zh-Hant-TW", "sl-rozaj-biske"] {
            assert!(good.parse::<LanguageTag>().is_ok(), "{good}");
        }
        for bad in [
            "",
            "d",
            "de_DE",
            "de-",
            "-de",
            "../de",
            "de\n",
            "deutscheslang",
        ] {
            assert!(bad.parse::<LanguageTag>().is_err(), "{bad:?}");
        }
    }
}
