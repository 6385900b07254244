//! The words that enumerations are written with, in one place for reading,
//! writing and the schema.

use crate::catalog::{Criticality, FaceKind, Lifecycle, Method};

/// A value that is written as one of a few words.
pub(crate) trait Word: Copy + 'static {
    /// What it is, for a sentence.
    const WHAT: &'static str;
    /// All values.
    const ALL: &'static [Self];
    /// The word.
    fn word(self) -> &'static str;

    /// All words.
    fn words() -> Vec<&'static str> {
        Self::ALL.iter().map(|value| value.word()).collect()
    }

    /// The value of a word.
    fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|value| value.word() == word)
    }
}

macro_rules! words {
    ($($type:ident, $what:literal { $($variant:ident = $word:literal,)* })*) => {$(
        impl Word for $type {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &[$(Self::$variant,)*];
            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    )*};
}

words! {
    Lifecycle, "a lifecycle" {
        Experimental = "experimental",
        Production = "production",
        Deprecated = "deprecated",
        Retired = "retired",
    }
    Criticality, "a criticality" {
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
    Method, "a method" {
        Get = "GET",
        Head = "HEAD",
        Post = "POST",
        Put = "PUT",
        Patch = "PATCH",
        Delete = "DELETE",
        Options = "OPTIONS",
        Trace = "TRACE",
    }
    FaceKind, "a kind of face" {
        Stage = "stage",
        Alias = "alias",
        Mirror = "mirror",
        Documentation = "documentation",
        Sdk = "sdk",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_that_serde_writes() {
        fn check<T: Word + serde::Serialize>() {
            for value in T::ALL {
                assert_eq!(serde_json::to_value(value).unwrap(), value.word());
            }
        }
        check::<Lifecycle>();
        check::<Criticality>();
        check::<Method>();
        check::<FaceKind>();
    }
}
