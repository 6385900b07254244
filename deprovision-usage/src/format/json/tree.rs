//! Where in an object which part of a record is.

use std::collections::BTreeMap;

use crate::format::draft::Slot;

/// What becomes of a value.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// The part it is, with its rank among those that can be the same part.
    pub(super) slot: Option<(Slot, u8)>,
    /// Whether it names the caller.
    pub(super) names_caller: bool,
}

/// An object's keys that are looked at, and below each the same again.
#[derive(Debug, Clone, Default)]
pub(in crate::format) struct Tree {
    pub(super) place: Option<Place>,
    /// By the key's length: most keys of a line are told apart by it.
    keys: Vec<Vec<(Vec<u8>, Tree)>>,
}

impl Tree {
    pub(super) fn child(&self, key: &[u8]) -> Option<&Self> {
        let same_length = self.keys.get(key.len())?;
        // Most names of one length differ in their first byte already.
        let mut fitting = same_length
            .iter()
            .filter(|(name, _)| name.first() == key.first());
        let found = fitting.find(|(name, _)| name == key);
        found.map(|(_, tree)| tree)
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.keys.is_empty()
    }
}

/// A tree that grows.
#[derive(Debug, Default)]
pub(in crate::format) struct Growing {
    place: Option<Place>,
    keys: BTreeMap<Vec<u8>, Growing>,
}

impl Growing {
    /// Looks for a part at a path, and at a key that is the whole path with its dots,
    /// as some write what others nest. The first part at a place stays.
    pub(in crate::format) fn add(&mut self, path: &[Vec<u8>], slot: Slot, rank: u8) {
        let nested = path.iter().fold(&mut *self, |tree, key| tree.below(key));
        nested.put(slot, rank);
        if path.len() > 1 {
            self.below(&path.join(&b'.')).put(slot, rank);
        }
    }

    fn below(&mut self, key: &[u8]) -> &mut Self {
        self.keys.entry(key.to_vec()).or_default()
    }

    fn put(&mut self, slot: Slot, rank: u8) {
        let place = self.place.get_or_insert_default();
        if slot == Slot::Field {
            place.names_caller = true;
        } else if place.slot.is_none() {
            place.slot = Some((slot, rank));
        }
    }

    pub(in crate::format) fn grown(self) -> Tree {
        let mut keys: Vec<Vec<(Vec<u8>, Tree)>> = Vec::new();
        for (key, below) in self.keys {
            if keys.len() <= key.len() {
                keys.resize_with(key.len() + 1, Vec::new);
            }
            if let Some(same_length) = keys.get_mut(key.len()) {
                same_length.push((key, below.grown()));
            }
        }
        Tree {
            place: self.place,
            keys,
        }
    }
}
