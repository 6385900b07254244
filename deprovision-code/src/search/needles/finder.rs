//! The texts, each in the table that fits its length.

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use memchr::memmem;

use super::table::Table;

/// Long texts: eight bytes at every fourth position say almost always which one it is.
type Long = Table<8, 4>;
/// Texts of at least 10 bytes while there are few: four bytes tell few texts apart.
type Wide = Table<4, 7>;
/// Texts of 8 to 10 bytes, and all longer ones while there are few.
type Middle = Table<5, 4>;
/// Texts of 4 to 7 bytes: every position counts.
type Short = Table<4, 1>;

/// So many texts share one table.
const FEW: usize = 1_000;

/// A text to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Needle {
    pub(crate) text: Vec<u8>,
    /// Whether the case of ASCII letters counts.
    pub(crate) any_case: bool,
}

/// Where a text was found. The order is the order of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Occurrence {
    pub(crate) start: usize,
    /// The text, by its place among those given.
    pub(crate) needle: u32,
}

/// Finds every occurrence of every text, also where they overlap.
#[derive(Debug)]
pub(crate) struct Needles {
    needles: Vec<Needle>,
    ways: Ways,
}

#[derive(Debug)]
enum Ways {
    /// One text, whose case counts.
    One(memmem::Finder<'static>),
    Many {
        wide: Wide,
        long: Long,
        middle: Middle,
        short: Short,
        /// Shorter than four bytes, or too many with the same grams.
        others: Option<(AhoCorasick, Vec<u32>)>,
    },
}

impl Needles {
    /// Of these texts. An empty one is nowhere.
    pub(crate) fn new(needles: Vec<Needle>) -> Result<Self, BuildError> {
        if let [one] = needles.as_slice()
            && !one.any_case
            && !one.text.is_empty()
        {
            let finder = memmem::Finder::new(&one.text).into_owned();
            return Ok(Self {
                needles,
                ways: Ways::One(finder),
            });
        }
        let of = |least: usize, most: usize| {
            (0_u32..)
                .zip(&needles)
                .map(|(index, needle)| (index, needle.text.as_slice()))
                .filter(move |(_, text)| (least..=most).contains(&text.len()))
        };
        // Two tables are two passes. With few texts, the grams of shorter ones tell the
        // long ones apart well enough.
        let is_middle = |length| (Middle::SHORTEST..Long::SHORTEST).contains(&length);
        let is_few = needles.len() <= FEW;
        let lengths = needles.iter().map(|needle| needle.text.len());
        let shortest = lengths.filter(|length| *length >= Middle::SHORTEST).min();
        let widely = is_few && shortest.is_some_and(|length| length >= Wide::SHORTEST);
        let together = is_few && !widely && shortest.is_some_and(is_middle);
        let longest_middle = if together {
            usize::MAX
        } else {
            Long::SHORTEST - 1
        };
        let mut others: Vec<u32> = of(1, Short::SHORTEST - 1).map(|(index, _)| index).collect();
        let all = of(Middle::SHORTEST, usize::MAX);
        let (wide, crowded) = Wide::new(all.filter(|_| widely));
        others.extend(crowded);
        let long = of(Long::SHORTEST, usize::MAX).filter(|_| !together && !widely);
        let (long, crowded) = Long::new(long);
        others.extend(crowded);
        let middle = of(Middle::SHORTEST, longest_middle).filter(|_| !widely);
        let (middle, crowded) = Middle::new(middle);
        others.extend(crowded);
        let (short, crowded) = Short::new(of(Short::SHORTEST, Middle::SHORTEST - 1));
        others.extend(crowded);
        let others = if others.is_empty() {
            None
        } else {
            let texts = others
                .iter()
                .filter_map(|index| needles.get(*index as usize));
            let automaton = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .build(texts.map(|needle| &needle.text))?;
            Some((automaton, others))
        };
        Ok(Self {
            needles,
            ways: Ways::Many {
                wide,
                long,
                middle,
                short,
                others,
            },
        })
    }

    /// All occurrences, in the order of the bytes. `found` is emptied first.
    pub(crate) fn find(&self, bytes: &[u8], found: &mut Vec<Occurrence>) {
        found.clear();
        match &self.ways {
            Ways::One(finder) => {
                let mut from = 0;
                while let Some(at) = bytes.get(from..).and_then(|rest| finder.find(rest)) {
                    let start = from + at;
                    found.push(Occurrence { start, needle: 0 });
                    from = start + 1;
                }
            }
            Ways::Many {
                wide,
                long,
                middle,
                short,
                others,
            } => {
                let mut check = |start: usize, needle: u32| {
                    if self.is_at(bytes, start, needle) {
                        found.push(Occurrence { start, needle });
                    }
                };
                if !wide.is_empty() {
                    wide.scan(bytes, &mut check);
                }
                if !long.is_empty() {
                    long.scan(bytes, &mut check);
                }
                if !middle.is_empty() {
                    middle.scan(bytes, &mut check);
                }
                if !short.is_empty() {
                    short.scan(bytes, &mut check);
                }
                if let Some((automaton, indices)) = others {
                    for hit in automaton.find_overlapping_iter(bytes) {
                        if let Some(index) = indices.get(hit.pattern().as_usize()) {
                            check(hit.start(), *index);
                        }
                    }
                }
                found.sort_unstable();
            }
        }
    }

    pub(crate) fn len_of(&self, needle: u32) -> usize {
        self.needles
            .get(needle as usize)
            .map_or(0, |needle| needle.text.len())
    }

    fn is_at(&self, bytes: &[u8], start: usize, needle: u32) -> bool {
        let Some(needle) = self.needles.get(needle as usize) else {
            return false;
        };
        let Some(there) = bytes.get(start..start + needle.text.len()) else {
            return false;
        };
        if needle.any_case {
            there.eq_ignore_ascii_case(&needle.text)
        } else {
            there == needle.text
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(needles: &[Needle], bytes: &[u8]) -> Vec<Occurrence> {
        let mut found = Vec::new();
        for start in 0..bytes.len() {
            for (index, needle) in (0..).zip(needles) {
                let there = bytes.get(start..start + needle.text.len());
                let same = there.is_some_and(|there| {
                    if needle.any_case {
                        there.eq_ignore_ascii_case(&needle.text)
                    } else {
                        there == needle.text
                    }
                });
                if same && !needle.text.is_empty() {
                    found.push(Occurrence {
                        start,
                        needle: index,
                    });
                }
            }
        }
        found
    }

    fn found(needles: &[Needle], bytes: &[u8]) -> Vec<Occurrence> {
        let mut found = Vec::new();
        Needles::new(needles.to_vec())
            .unwrap()
            .find(bytes, &mut found);
        found
    }

    fn exact(text: impl AsRef<[u8]>) -> Needle {
        Needle {
            text: text.as_ref().to_vec(),
            any_case: false,
        }
    }

    #[test]
    fn every_length_is_found_at_every_place() {
        for length in 1..40_usize {
            let text: Vec<u8> = (0..length).map(|i| b'!' + (i * 7 % 90) as u8).collect();
            for needles in [
                vec![exact(&text)],
                vec![exact(&text), exact("something else")],
            ] {
                for before in 0..12 {
                    for after in 0..12 {
                        let bytes = [vec![b' '; before], text.clone(), vec![b' '; after]].concat();
                        assert_eq!(
                            found(&needles, &bytes),
                            [Occurrence {
                                start: before,
                                needle: 0
                            }],
                            "{length} {before} {after}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn texts_that_overlap_and_repeat_are_all_found() {
        let bytes = b"aaaaaaaaaaaaaaaaaaaaaaaa/v1/orders/v1/orders/archive";
        for needles in [
            vec![exact("aaaaaaaaaaa")],
            vec![exact("aaaa"), exact("aaaaaaaa"), exact("aaaaaaaaaaaaa")],
            vec![
                exact("/v1/orders"),
                exact("/v1/orders/archive"),
                exact("orders/a"),
            ],
        ] {
            assert_eq!(found(&needles, bytes), naive(&needles, bytes));
        }
    }

    #[test]
    fn many_texts_that_differ_little_are_told_apart() {
        // All of them have the same bytes wherever a window could be.
        let mut needles: Vec<Needle> = (0..3000)
            .map(|i| exact(format!("{:04}/the/same/end", i)))
            .collect();
        needles.extend((0..300).map(|i| exact(format!("a{i:03}same"))));
        let bytes: String = (0..3000)
            .step_by(7)
            .map(|i| format!("x{i:04}/the/same/end a{:03}same ", i % 400))
            .collect();
        let fast = found(&needles, bytes.as_bytes());
        assert_eq!(
            fast.len(),
            3000_usize.div_ceil(7) + (0..3000).step_by(7).filter(|i| i % 400 < 300).count()
        );
        assert!(fast.iter().all(|hit| {
            let text = &needles[hit.needle as usize].text;
            bytes.as_bytes()[hit.start..].starts_with(text)
        }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]
        #[test]
        fn what_a_search_finds_is_what_comparing_everywhere_finds(
            texts in proptest::collection::vec(("[ab/A]{1,14}", any::<bool>()), 1..12),
            bytes in "[ab/A ]{0,120}",
        ) {
            let needles: Vec<Needle> = texts
                .into_iter()
                .map(|(text, any_case)| Needle { text: text.into_bytes(), any_case })
                .collect();
            prop_assert_eq!(found(&needles, bytes.as_bytes()), naive(&needles, bytes.as_bytes()));
        }

        #[test]
        fn few_long_texts_are_found_wherever_they_lie(
            texts in proptest::collection::vec(("[ab/A]{10,24}", any::<bool>()), 2..8),
            around in proptest::collection::vec(("[ab/A ]{0,20}", any::<prop::sample::Index>()), 1..6),
        ) {
            let needles: Vec<Needle> = texts
                .into_iter()
                .map(|(text, any_case)| Needle { text: text.into_bytes(), any_case })
                .collect();
            let mut bytes = Vec::new();
            for (before, which) in around {
                bytes.extend(before.as_bytes());
                bytes.extend(&which.get(&needles).text);
            }
            prop_assert_eq!(found(&needles, &bytes), naive(&needles, &bytes));
        }

        #[test]
        fn any_bytes_are_searched(
            texts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..6),
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            cut in 0_usize..180,
        ) {
            // One text is in there.
            let mut needles: Vec<Needle> = texts.iter().map(exact).collect();
            let from = cut.min(bytes.len());
            needles.push(exact(&bytes[from..(from + 15).min(bytes.len())]));
            prop_assert_eq!(found(&needles, &bytes), naive(&needles, &bytes));
        }
    }
}
