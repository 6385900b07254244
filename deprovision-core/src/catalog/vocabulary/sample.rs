//! The words of one API.

use std::fmt;

use super::fold::fold;
use super::hash::hash;

/// How many words of one API are kept: 4 KiB.
const MAX_WORDS: usize = 512;

/// The fields that an API's requests and responses carry, each as a hash of
/// `schema.field`.
///
/// It is taken from OpenAPI descriptions to see whether two APIs are about the same
/// things; it is not written to files, so a catalog that was written and read again
/// has none. Of more than 512 words those with the smallest hashes are kept: of two
/// APIs these are the same words wherever they share any, so that a sample compares
/// as the whole does (a bottom-k sketch; Cohen and Kaplan, 2007), with a standard
/// error of about two percentage points.
///
/// ```
/// use deprovision_core::catalog::Vocabulary;
/// let ours = Vocabulary::of([("Order", "id"), ("Order", "customerId")]);
/// let theirs = Vocabulary::of([("orders", "customer_id"), ("order", "ID")]);
/// assert_eq!(ours, theirs);
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Vocabulary {
    /// Sorted, each once.
    words: Box<[u64]>,
    sampled: bool,
}

impl Vocabulary {
    /// The vocabulary of these fields: the name of the schema (or, where it has none,
    /// of the field that holds it), and the name of the field. Upper and lower case,
    /// separators and the plural make no difference.
    #[must_use]
    pub fn of<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::of_words(
            fields
                .into_iter()
                .map(|(schema, field)| word(schema, field)),
        )
    }

    pub(crate) fn of_words(words: impl IntoIterator<Item = u64>) -> Self {
        let mut words: Vec<u64> = words.into_iter().collect();
        words.sort_unstable();
        words.dedup();
        let sampled = words.len() > MAX_WORDS;
        words.truncate(MAX_WORDS);
        Self {
            words: words.into_boxed_slice(),
            sampled,
        }
    }

    /// What two descriptions of one API hold together.
    pub(crate) fn join(&mut self, other: &Self) {
        let sampled = self.sampled || other.sampled;
        *self = Self::of_words(self.words.iter().chain(&other.words).copied());
        self.sampled |= sampled;
    }

    /// Whether no field is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many words are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there were more words than are kept.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }
}

/// Of longer names, the rest does not count: a hostile document could give a name of
/// megabytes to a hundred thousand fields.
const MAX_CHARS: usize = 200;

/// A field of a schema as a number.
pub(crate) fn word(schema: &str, field: &str) -> u64 {
    let cut = |name: &str| -> String {
        let end = name.char_indices().nth(MAX_CHARS).map(|(at, _)| at);
        fold(end.and_then(|end| name.get(..end)).unwrap_or(name))
    };
    hash(format!("{}.{}", cut(schema), cut(field)).as_bytes())
}

/// The numbers say nothing to a person, and there are hundreds.
impl fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let more = if self.sampled { " of more" } else { "" };
        write!(f, "Vocabulary({} words{more})", self.words.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(numbers: impl IntoIterator<Item = u32>) -> Vocabulary {
        let names: Vec<String> = numbers.into_iter().map(|n| format!("f{n}x")).collect();
        Vocabulary::of(names.iter().map(|name| ("Order", name.as_str())))
    }

    #[test]
    fn what_is_kept_is_bounded_and_says_so() {
        let all = of(0..2_000);
        assert_eq!((all.len(), all.is_sampled()), (MAX_WORDS, true));
        assert_eq!(format!("{all:?}"), "Vocabulary(512 words of more)");
        assert!(!of(0..512).is_sampled());
        assert!(of([]).is_empty());
    }

    proptest! {
        #[test]
        fn two_parts_joined_are_the_whole(cut in 0u32..1_500, all in 1u32..1_500) {
            let cut = cut.min(all);
            let mut joined = of(0..cut);
            joined.join(&of(cut..all));
            prop_assert_eq!(joined, of(0..all));
        }
    }
}
