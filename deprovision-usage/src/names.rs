//! Numbers for names: of callers, and of path segments below each other.

use std::hash::{BuildHasher as _, Hasher as _};

use crate::route::index;

/// How many bytes of a name fit into an entry.
const SHORT: usize = 16;

/// What is kept of sixteen bytes for each length of a name.
const KEPT: [(u64, u64); SHORT + 1] = {
    let mut kept = [(0, 0); SHORT + 1];
    let mut length = 1;
    while length <= SHORT {
        let (a, b) = kept[length - 1];
        kept[length] = if length <= 8 {
            (a << 8 | 0xff, b)
        } else {
            (a, b << 8 | 0xff)
        };
        length += 1;
    }
    kept
};

/// No name.
const EMPTY: u32 = u32::MAX;

/// One name. A short one is in the entry itself, so that finding it takes one
/// look into memory; of a longer one there is the hash, and where it is.
#[derive(Debug, Clone, Copy)]
struct Entry {
    a: u64,
    b: u64,
    number: u32,
    length: u32,
    scope: u32,
}

/// A name that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    a: u64,
    b: u64,
    length: u32,
    scope: u32,
    hash: u64,
}

/// Each name once in each scope, by number, in an open table with linear probing.
#[derive(Debug)]
pub(crate) struct Names {
    table: Vec<Entry>,
    len: u32,
    /// The names that are not short.
    long: Vec<u8>,
    /// With a seed of its own for each process: names come from outside, and must
    /// not be made to collide.
    hasher: foldhash::fast::RandomState,
}

impl Names {
    pub(crate) fn new() -> Self {
        Self {
            table: Vec::new(),
            len: 0,
            long: Vec::new(),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        index(self.len)
    }

    /// How many bytes are kept at most while the next few thousand names are added.
    pub(crate) fn most_bytes(&self) -> usize {
        const FEW: usize = 8192;
        let table = self.table.len() * size_of::<Entry>();
        // The old table is there until all of it is in the new one.
        let grows = (self.len() + FEW) * 4 > self.table.len() * 3;
        let long = self.long.len() * 2;
        long + if grows { table * 3 } else { table }
    }

    /// What a name is looked for by.
    #[inline]
    pub(crate) fn key(&self, scope: u32, name: &[u8]) -> Key {
        let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
        let (a, b) = if let Some((a, b)) = short(name) {
            (a, b)
        } else {
            (self.hasher.hash_one(name), 0)
        };
        Key {
            a,
            b,
            length,
            scope,
            hash: self.mix(a, b, length, scope),
        }
    }

    /// The same for a name inside of a text: where sixteen bytes follow its beginning,
    /// without a branch by its length.
    #[inline]
    pub(crate) fn key_in(&self, scope: u32, text: &[u8], start: usize, end: usize) -> Key {
        let length = end - start.min(end);
        let Some(window) = text.get(start..).and_then(<[u8]>::first_chunk::<SHORT>) else {
            return self.key(scope, text.get(start..end).unwrap_or_default());
        };
        let Some((keep_a, keep_b)) = KEPT.get(length) else {
            return self.key(scope, text.get(start..end).unwrap_or_default());
        };
        let half = |half: Option<&[u8; 8]>| half.map_or(0, |half| u64::from_le_bytes(*half));
        let a = half(window.first_chunk()) & keep_a;
        let b = half(window.last_chunk()) & keep_b;
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        Key {
            a,
            b,
            length,
            scope,
            hash: self.mix(a, b, length, scope),
        }
    }

    #[inline]
    fn mix(&self, a: u64, b: u64, length: u32, scope: u32) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u64(a);
        hasher.write_u64(b);
        hasher.write_u64(u64::from(length) << 32 | u64::from(scope));
        hasher.finish()
    }

    /// The number of a name, when it has one.
    #[inline]
    pub(crate) fn find(&self, name: &[u8], key: Key) -> Option<u32> {
        let mask = self.table.len().checked_sub(1)?;
        let mut at = spot(key.hash) & mask;
        // The table is never full.
        loop {
            let entry = self.table.get(at)?;
            if entry.number == EMPTY {
                return None;
            }
            if entry.a == key.a
                && entry.length == key.length
                && entry.scope == key.scope
                && (entry.b == key.b || name.len() > SHORT)
                && (name.len() <= SHORT || self.long(entry) == Some(name))
            {
                return Some(entry.number);
            }
            at = (at + 1) & mask;
        }
    }

    /// Gives a name that has none the next number. `None` when there is no more room.
    pub(crate) fn insert_next(&mut self, name: &[u8], key: Key) -> Option<u32> {
        let number = self.len;
        (number < EMPTY - 1).then(|| {
            self.insert(name, key, number);
            number
        })
    }

    /// Gives a name that has none a number.
    pub(crate) fn insert(&mut self, name: &[u8], key: Key, number: u32) {
        // At most three quarters full.
        if (self.len() + 1) * 4 > self.table.len() * 3 {
            self.grow();
        }
        let b = if name.len() > SHORT {
            let start = self.long.len() as u64;
            self.long.extend_from_slice(name);
            start
        } else {
            key.b
        };
        self.place(
            Entry {
                a: key.a,
                b,
                number,
                length: key.length,
                scope: key.scope,
            },
            key.hash,
        );
        self.len += 1;
    }

    fn place(&mut self, entry: Entry, hash: u64) {
        let Some(mask) = self.table.len().checked_sub(1) else {
            return;
        };
        let mut at = spot(hash) & mask;
        while let Some(there) = self.table.get_mut(at) {
            if there.number == EMPTY {
                *there = entry;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let empty = Entry {
            a: 0,
            b: 0,
            number: EMPTY,
            length: 0,
            scope: 0,
        };
        let size = (self.table.len() * 2).max(64);
        let old = std::mem::replace(&mut self.table, vec![empty; size]);
        for entry in old {
            if entry.number != EMPTY {
                // Where a long name is does not tell its hash.
                let b = if index(entry.length) > SHORT {
                    0
                } else {
                    entry.b
                };
                let hash = self.mix(entry.a, b, entry.length, entry.scope);
                self.place(entry, hash);
            }
        }
    }

    fn long(&self, entry: &Entry) -> Option<&[u8]> {
        let start = usize::try_from(entry.b).ok()?;
        self.long.get(start..start + index(entry.length))
    }

    /// Calls for each name with its number, in no order.
    pub(crate) fn each(&self, mut call: impl FnMut(u32, &[u8])) {
        for entry in &self.table {
            if entry.number == EMPTY {
                continue;
            }
            let length = index(entry.length);
            if length > SHORT {
                call(entry.number, self.long(entry).unwrap_or_default());
            } else {
                let mut name = [0; SHORT];
                for (byte, of) in name.iter_mut().zip(
                    entry
                        .a
                        .to_le_bytes()
                        .into_iter()
                        .chain(entry.b.to_le_bytes()),
                ) {
                    *byte = of;
                }
                call(entry.number, name.get(..length).unwrap_or_default());
            }
        }
    }
}

/// A name of at most sixteen bytes as two numbers.
#[inline]
fn short(name: &[u8]) -> Option<(u64, u64)> {
    if name.len() > SHORT {
        return None;
    }
    if let (Some((first, _)), Some((_, last))) =
        (name.split_first_chunk::<8>(), name.split_last_chunk::<8>())
    {
        // The halves overlap; what is in both is shifted out of the second.
        let overlap = (SHORT - name.len()) * 8;
        let second = u64::from_le_bytes(*last);
        let second = if overlap == 64 { 0 } else { second >> overlap };
        return Some((u64::from_le_bytes(*first), second));
    }
    let first = name
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    Some((first, 0))
}

fn spot(hash: u64) -> usize {
    usize::try_from(hash & u64::from(u32::MAX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #[test]
        fn every_name_has_one_number(
            names in prop::collection::vec(
                prop_oneof![
                    prop::collection::vec(prop_oneof![Just(0u8), Just(1), Just(b'a')], 0..40),
                    prop::collection::vec(any::<u8>(), 0..20),
                ], 0..300),
            scope in 0u32..3,
        ) {
            let mut names_of = Names::new();
            // The same names in another scope are others.
            let other = names_of.key(scope + 1, b"a");
            names_of.insert_next(b"a", other);
            let mut numbers: HashMap<Vec<u8>, u32> = HashMap::new();
            for name in names {
                let key = names_of.key(scope, &name);
                let mut text = b"before".to_vec();
                text.extend(&name);
                text.extend(b"and behind");
                for text in [&text[..], &text[..6 + name.len()]] {
                    let inside = names_of.key_in(scope, text, 6, 6 + name.len());
                    prop_assert_eq!(inside, key);
                }
                prop_assert_eq!(names_of.find(&name, key), numbers.get(&name).copied());
                if let std::collections::hash_map::Entry::Vacant(new) = numbers.entry(name.clone()) {
                    let number = names_of.insert_next(&name, key).unwrap();
                    new.insert(number);
                }
            }
            let mut all = HashMap::new();
            names_of.each(|number, name| {
                if number > 0 {
                    all.insert(name.to_vec(), number);
                }
            });
            prop_assert_eq!(names_of.len(), numbers.len() + 1);
            prop_assert_eq!(all, numbers);
        }
    }
}
