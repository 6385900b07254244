//! Texts with `*` and `?`.

/// A text of a policy in which `*` stands for any letters and `?` for one.
///
/// IAM lets a `*` go beyond a colon only at the end of a part of an ARN; here it always
/// does. So two patterns may be said to overlap that do not, and never the other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Letter(char),
    One,
    Any,
}

impl Pattern {
    /// A pattern of a policy. A variable (`${aws:username}`) may become any text.
    pub(crate) fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            if rest.starts_with("${") {
                pieces.push(Piece::Any);
                rest = rest.split_once('}').map_or("", |(_, after)| after);
                continue;
            }
            pieces.push(match letter {
                '*' => Piece::Any,
                '?' => Piece::One,
                letter => Piece::Letter(letter),
            });
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        }
        Self { pieces }
    }

    /// A pattern of actions: IAM compares them without regard to case.
    pub(crate) fn of_actions(text: &str) -> Self {
        Self::new(&text.to_ascii_lowercase())
    }

    /// Whether there is a text that both match.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let columns = other.pieces.len();
        // Row `i` says of each `j` whether the rest of `self` from `i` and of `other`
        // from `j` have a text in common; from the last row up.
        let mut below: Vec<bool> = Vec::new();
        for row in (0..=self.pieces.len()).rev() {
            let mine = self.pieces.get(row);
            let mut current = vec![false; columns + 1];
            for column in (0..=columns).rev() {
                let right = current.get(column + 1).copied().unwrap_or(false);
                let down = below.get(column).copied().unwrap_or(false);
                let both = below.get(column + 1).copied().unwrap_or(false);
                let answer = match (mine, other.pieces.get(column)) {
                    (None, None) => true,
                    (Some(Piece::Any), Some(_)) | (Some(_), Some(Piece::Any)) => down || right,
                    (Some(Piece::Any), None) => down,
                    (None, Some(Piece::Any)) => right,
                    (Some(Piece::Letter(a)), Some(Piece::Letter(b))) => a == b && both,
                    (Some(Piece::Letter(_) | Piece::One), Some(Piece::Letter(_) | Piece::One)) => {
                        both
                    }
                    (None, Some(_)) | (Some(_), None) => false,
                };
                if let Some(cell) = current.get_mut(column) {
                    *cell = answer;
                }
            }
            below = current;
        }
        below.first().copied().unwrap_or(false)
    }

    /// Whether everything that it matches is matched by `wider` too.
    ///
    /// A `true` is always right. A few that lie within are not seen to (`?*` in `*?`).
    pub(crate) fn lies_within(&self, wider: &Self) -> bool {
        let columns = wider.pieces.len();
        let mut below: Vec<bool> = Vec::new();
        for row in (0..=self.pieces.len()).rev() {
            let mine = self.pieces.get(row);
            let mut current = vec![false; columns + 1];
            for column in (0..=columns).rev() {
                let right = current.get(column + 1).copied().unwrap_or(false);
                let down = below.get(column).copied().unwrap_or(false);
                let both = below.get(column + 1).copied().unwrap_or(false);
                let answer = match (mine, wider.pieces.get(column)) {
                    (None, None) => true,
                    (_, Some(Piece::Any)) => right || down,
                    (Some(Piece::Letter(a)), Some(Piece::Letter(b))) => a == b && both,
                    (Some(Piece::Letter(_) | Piece::One), Some(Piece::One)) => both,
                    (Some(Piece::Any), Some(Piece::Letter(_) | Piece::One))
                    | (Some(Piece::One), Some(Piece::Letter(_)))
                    | (None, Some(_))
                    | (Some(_), None) => false,
                };
                if let Some(cell) = current.get_mut(column) {
                    *cell = answer;
                }
            }
            below = current;
        }
        below.first().copied().unwrap_or(false)
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    /// Straight from the definition, for a text without wildcards.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| naive(rest, &text[skip..])),
            Some((letter, rest)) => text.split_first().is_some_and(|(first, after)| {
                (letter == first || *letter == '?') && naive(rest, after)
            }),
        }
    }

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    /// All texts of up to five letters over an alphabet with a letter that no pattern has.
    fn texts() -> Vec<String> {
        let mut all = vec![String::new()];
        let mut from = 0;
        for _ in 0..5 {
            let to = all.len();
            for at in from..to {
                for letter in ["a", ":", "z"] {
                    all.push(format!("{}{letter}", all[at]));
                }
            }
            from = to;
        }
        all
    }

    #[test]
    fn a_variable_may_become_any_text_and_an_open_one_too() {
        let home = Pattern::new("arn:aws:s3:::b/${aws:username}/*");
        assert!(home.overlaps(&Pattern::new("arn:aws:s3:::b/ci/x")));
        assert!(home.lies_within(&Pattern::new("arn:aws:s3:::b/*")));
        assert!(!home.lies_within(&Pattern::new("arn:aws:s3:::b/ci/*")));
        assert!(Pattern::new("arn:${").overlaps(&Pattern::new("arn:aws:s3:::b")));
    }

    proptest! {
        #[test]
        fn patterns_match_texts_as_the_definition_says(
            pattern in "[a:*?]{0,6}", text in "[a:z]{0,6}",
        ) {
            let expected = naive(&chars(&pattern), &chars(&text));
            let (pattern, text) = (Pattern::new(&pattern), Pattern::new(&text));
            prop_assert_eq!(pattern.overlaps(&text), expected);
            prop_assert_eq!(text.overlaps(&pattern), expected);
            prop_assert_eq!(text.lies_within(&pattern), expected);
        }

        #[test]
        fn two_patterns_overlap_when_a_text_matches_both(a in "[a:*?]{0,4}", b in "[a:*?]{0,4}") {
            let both = texts().iter().any(|text| {
                naive(&chars(&a), &chars(text)) && naive(&chars(&b), &chars(text))
            });
            let found = Pattern::new(&a).overlaps(&Pattern::new(&b));
            // The texts are short: they can show that there is one, and for patterns of
            // four pieces nearly always that there is none.
            if both { prop_assert!(found, "{} {}", a, b); }
            if found && a.len() + b.len() <= 5 { prop_assert!(both, "{} {}", a, b); }
        }

        #[test]
        fn what_lies_within_matches_nothing_else(a in "[a:*?]{0,5}", b in "[a:*?]{0,5}") {
            if Pattern::new(&a).lies_within(&Pattern::new(&b)) {
                for text in texts() {
                    let inner = naive(&chars(&a), &chars(&text));
                    prop_assert!(!inner || naive(&chars(&b), &chars(&text)), "{} {} {}", a, b, text);
                }
            }
        }

        #[test]
        fn no_text_makes_a_pattern_panic(a in "\\PC{0,40}", b in "\\PC{0,40}") {
            let (a, b) = (Pattern::new(&a), Pattern::new(&b));
            let _ = (a.overlaps(&b), a.lies_within(&b));
            prop_assert!(a.lies_within(&a) && a.lies_within(&Pattern::new("*")));
        }
    }
}
