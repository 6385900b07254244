//! All occurrences of many fixed texts in one pass over the bytes.
//!
//! The cost hardly depends on how many texts there are. Of every text, some
//! neighbouring pieces of a few bytes (grams) go into a table; of the searched bytes,
//! only every fourth position (or seventh) is looked up there. Whatever lies where, one of the
//! looked-up positions falls into the pieces. What the table knows is then compared
//! byte by byte. Texts that this can not hold go to an automaton.

mod finder;
mod rarity;
mod table;

pub(crate) use finder::{Needle, Needles, Occurrence};
