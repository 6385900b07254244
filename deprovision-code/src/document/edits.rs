//! Replacements in a text, which can be taken back.

/// One replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Splice {
    /// Where, in the text before all edits.
    pub(crate) at: usize,
    pub(crate) old: String,
    pub(crate) new: String,
}

/// Replacements that do not overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Edits {
    splices: Vec<Splice>,
}

impl Edits {
    pub(crate) fn insert(&mut self, at: usize, new: impl Into<String>) {
        self.splices.push(Splice {
            at,
            old: String::new(),
            new: new.into(),
        });
    }

    pub(crate) fn replace(&mut self, at: usize, old: &str, new: impl Into<String>) {
        self.splices.push(Splice {
            at,
            old: old.to_owned(),
            new: new.into(),
        });
    }

    /// The replacements, in the order of their places.
    pub(crate) fn in_order(&self) -> Vec<&Splice> {
        let mut splices: Vec<&Splice> = self.splices.iter().collect();
        splices.sort_by_key(|splice| splice.at);
        splices
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.splices.is_empty()
    }

    /// The text with the edits; nothing when they do not fit it.
    pub(crate) fn apply(&self, source: &str) -> Option<String> {
        self.run(source, |splice| (&splice.old, &splice.new), 0)
    }

    /// The text without the edits again; nothing when they are not in it.
    pub(crate) fn take_back(&self, edited: &str) -> Option<String> {
        self.run(edited, |splice| (&splice.new, &splice.old), 1)
    }

    fn run(
        &self,
        text: &str,
        sides: impl Fn(&Splice) -> (&String, &String),
        grown: usize,
    ) -> Option<String> {
        let splices = self.in_order();
        let mut result = String::with_capacity(text.len());
        let (mut done, mut growth) = (0, 0_isize);
        for splice in splices {
            let (from, to) = sides(splice);
            let shift = if grown == 1 { growth } else { 0 };
            let at = splice.at.checked_add_signed(shift)?;
            result.push_str(text.get(done..at)?);
            let rest = text.get(at..)?;
            rest.starts_with(from.as_str()).then_some(())?;
            result.push_str(to);
            done = at + from.len();
            growth += isize::try_from(splice.new.len()).ok()?;
            growth -= isize::try_from(splice.old.len()).ok()?;
        }
        result.push_str(text.get(done..)?);
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn edits_that_are_taken_back_leave_the_text_as_it_was(
            text in ".{0,40}",
            places in proptest::collection::btree_set(0_usize..40, 0..5),
            new in ".{0,6}",
        ) {
            let mut edits = Edits::default();
            for at in places.into_iter().filter(|at| text.is_char_boundary(*at)) {
                edits.insert(at, new.clone());
            }
            let edited = edits.apply(&text).unwrap();
            prop_assert_eq!(edits.take_back(&edited).unwrap(), text);
        }

        #[test]
        fn edits_for_another_text_do_not_fit(at in 0_usize..10) {
            let mut edits = Edits::default();
            edits.replace(at, "old", "new");
            prop_assert_eq!(edits.apply("none of it"), None);
        }
    }
}
