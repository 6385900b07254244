//! Numbers for callers.

use std::hash::BuildHasher as _;

use hashbrown::HashTable;

/// By which of its fields a line's caller is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum CallerBy {
    /// The user's name, else the key's id, else the subject, else the client's address.
    #[default]
    Name,
    /// The client's address.
    Client,
    /// The API key's id.
    Key,
    /// The client's program.
    Agent,
    /// Whom the client acts for, a JWT's subject for example.
    Subject,
    /// The field that the format was told of.
    Field,
}

/// Each caller's name once, by number.
#[derive(Debug)]
pub(super) struct Callers {
    names: Vec<u8>,
    /// Where each name ends.
    ends: Vec<u32>,
    numbers: HashTable<(u32, u32)>,
    /// With a seed of its own for each process: names come from outside, and must
    /// not be made to collide.
    hasher: foldhash::fast::RandomState,
}

impl Callers {
    pub(super) fn new() -> Self {
        Self {
            names: Vec::new(),
            ends: Vec::new(),
            numbers: HashTable::new(),
            hasher: foldhash::fast::RandomState::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// How many bytes are kept, about.
    pub(super) fn bytes(&self) -> usize {
        self.names.capacity() + self.ends.capacity() * 4 + self.numbers.capacity() * 9
    }

    /// The number of a name, when it has one; else its hash for
    /// [`Callers::insert`].
    pub(super) fn find(&self, name: &[u8]) -> Result<u32, u64> {
        let hash = self.hasher.hash_one(name);
        // The upper bits of the hash spare most looks at other names.
        let high = high(hash);
        self.numbers
            .find(hash, |(number, other)| {
                *other == high && self.name(*number) == Some(name)
            })
            .map(|(number, _)| *number)
            .ok_or(hash)
    }

    /// Gives a name that has none its number. `None` when there is no more room.
    pub(super) fn insert(&mut self, name: &[u8], hash: u64) -> Option<u32> {
        let number = u32::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.names.len() + name.len()).ok()?;
        self.names.extend_from_slice(name);
        self.ends.push(end);
        let hasher = &self.hasher;
        let (names, ends) = (&self.names, &self.ends);
        self.numbers
            .insert_unique(hash, (number, high(hash)), |(number, _)| {
                hasher.hash_one(text(names, ends, *number).unwrap_or_default())
            });
        Some(number)
    }

    /// The name of a number.
    pub(super) fn name(&self, number: u32) -> Option<&[u8]> {
        text(&self.names, &self.ends, number)
    }

    /// All names, in the order of their numbers.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = crate::route::index(*end);
            let name = self.names.get(start..end).unwrap_or_default();
            start = end;
            name
        })
    }
}

fn text<'a>(names: &'a [u8], ends: &[u32], number: u32) -> Option<&'a [u8]> {
    let at = crate::route::index(number);
    let start = match at.checked_sub(1) {
        Some(before) => crate::route::index(*ends.get(before)?),
        None => 0,
    };
    names.get(start..crate::route::index(*ends.get(at)?))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the upper half is what is wanted"
)]
fn high(hash: u64) -> u32 {
    (hash >> 32) as u32
}
