//! A table of grams, looked up at every `STRIDE`th position.

use super::rarity::best_window;

/// Letters are looked up without their case: one table serves texts with and without.
const FOLD: u64 = 0x2020_2020_2020_2020;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
const NONE: u32 = u32::MAX;

/// More texts than this behind one gram are left to the automaton, so that no input
/// makes a look-up long.
const MOST_BEHIND_A_GRAM: u32 = 48;

/// A text that one of its grams leads to.
#[derive(Debug, Clone, Copy)]
struct Entry {
    text: u32,
    /// Where in the text the gram is.
    offset: u32,
    /// The next entry of the same gram.
    next: u32,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    gram: u64,
    /// `NONE`: the slot is free.
    first: u32,
    /// How many entries there are.
    count: u32,
}

/// Grams of `GRAM` bytes (at most 8) of texts of at least `GRAM + STRIDE - 1` bytes.
#[derive(Debug)]
pub(super) struct Table<const GRAM: usize, const STRIDE: usize> {
    /// One bit a gram: most positions end here.
    bits: Vec<u64>,
    bits_shift: u32,
    slots: Vec<Slot>,
    slots_shift: u32,
    entries: Vec<Entry>,
}

impl<const GRAM: usize, const STRIDE: usize> Table<GRAM, STRIDE> {
    pub(super) const SHORTEST: usize = GRAM + STRIDE - 1;
    const MASK: u64 = if GRAM == 8 {
        u64::MAX
    } else {
        (1 << (GRAM * 8)) - 1
    };

    /// A table of these texts, and those of them that it can not hold.
    pub(super) fn new<'a>(
        texts: impl Iterator<Item = (u32, &'a [u8])> + Clone,
    ) -> (Self, Vec<u32>) {
        let count = texts.clone().count();
        let crowd = Crowd::of::<GRAM, STRIDE>(texts.clone());
        let all = count * STRIDE;
        let bits = (all * 16).next_power_of_two().clamp(1 << 13, 1 << 23);
        let slots = (all * 2).next_power_of_two().max(16);
        let mut table = Self {
            bits: vec![0; bits / 64],
            bits_shift: 64 - bits.trailing_zeros(),
            slots: vec![
                Slot {
                    gram: 0,
                    first: NONE,
                    count: 0
                };
                slots
            ],
            slots_shift: 64 - slots.trailing_zeros(),
            entries: Vec::with_capacity(all),
        };
        let mut left = Vec::new();
        let (mut folded, mut grams, mut crowds) = (Vec::new(), Vec::new(), Vec::new());
        for (index, text) in texts {
            folded.clear();
            folded.extend(text.iter().map(|byte| byte | 0x20));
            grams.clear();
            grams.extend((0..=folded.len() - GRAM).map(|at| Self::gram(&folded, at)));
            crowds.clear();
            crowds.extend(grams.iter().map(|gram| crowd.at(*gram)));
            let window = best_window(&folded, Self::SHORTEST, |start| {
                let crowds = crowds.get(start..start + STRIDE).unwrap_or_default();
                crowds.iter().copied().max().unwrap_or(0)
            });
            let chosen = grams.get(window..window + STRIDE).unwrap_or_default();
            let crowded = chosen
                .iter()
                .any(|gram| table.behind(*gram) >= MOST_BEHIND_A_GRAM);
            if crowded {
                left.push(index);
                continue;
            }
            for (at, gram) in (window..).zip(chosen) {
                table.insert(*gram, index, at);
            }
        }
        (table, left)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Calls `candidate` with each text that may be in `bytes`, and where it would begin.
    /// Each place is named once.
    pub(super) fn scan(&self, bytes: &[u8], mut candidate: impl FnMut(usize, u32)) {
        let mut at = 0;
        for window in bytes.windows(8).step_by(STRIDE) {
            // A window of `windows(8)` has eight bytes.
            let word = u64::from_le_bytes(window.try_into().unwrap_or_default());
            let gram = (word | FOLD) & Self::MASK;
            if self.may_have(gram) {
                self.look_up(gram, at, &mut candidate);
            }
            at += STRIDE;
        }
        // The last ones, where fewer than eight bytes follow.
        while at + GRAM <= bytes.len() {
            let gram = Self::gram_of(&bytes[at..]);
            if self.may_have(gram) {
                self.look_up(gram, at, &mut candidate);
            }
            at += STRIDE;
        }
    }

    #[inline]
    fn may_have(&self, gram: u64) -> bool {
        let bit = gram.wrapping_mul(MIX) >> self.bits_shift;
        let word = self.bits.get((bit / 64) as usize).copied().unwrap_or(0);
        word >> (bit % 64) & 1 == 1
    }

    #[inline(never)]
    fn look_up(&self, gram: u64, at: usize, candidate: &mut impl FnMut(usize, u32)) {
        let mut entry = self.first(gram);
        while let Some(found) = self.entries.get(entry as usize) {
            if let Some(start) = at.checked_sub(found.offset as usize) {
                candidate(start, found.text);
            }
            entry = found.next;
        }
    }

    fn first(&self, gram: u64) -> u32 {
        let slot = self.slot(gram);
        self.slots.get(slot).map_or(NONE, |slot| slot.first)
    }

    /// The slot of a gram, or the free one where it would go: half of them are free.
    fn slot(&self, gram: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = (gram.wrapping_mul(MIX) >> self.slots_shift) as usize & mask;
        while self.slots[slot].first != NONE && self.slots[slot].gram != gram {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn behind(&self, gram: u64) -> u32 {
        self.slots[self.slot(gram)].count
    }

    fn insert(&mut self, gram: u64, text: u32, offset: usize) {
        let bit = gram.wrapping_mul(MIX) >> self.bits_shift;
        self.bits[(bit / 64) as usize] |= 1 << (bit % 64);
        let slot = self.slot(gram);
        let entry = u32::try_from(self.entries.len()).unwrap_or(NONE);
        self.entries.push(Entry {
            text,
            offset: u32::try_from(offset).unwrap_or(NONE),
            next: self.slots[slot].first,
        });
        let count = self.slots[slot].count + 1;
        self.slots[slot] = Slot {
            gram,
            first: entry,
            count,
        };
    }

    fn gram(folded: &[u8], at: usize) -> u64 {
        Self::gram_of(&folded[at..])
    }

    /// The gram at the beginning of `bytes`, which has at least `GRAM`.
    fn gram_of(bytes: &[u8]) -> u64 {
        let mut word = [0; 8];
        word[..GRAM].copy_from_slice(&bytes[..GRAM]);
        (u64::from_le_bytes(word) | FOLD) & Self::MASK
    }
}

/// About how often each gram is in the texts: never too few.
struct Crowd(Vec<u16>);

impl Crowd {
    const BITS: u32 = 20;

    fn of<'a, const GRAM: usize, const STRIDE: usize>(
        texts: impl Iterator<Item = (u32, &'a [u8])>,
    ) -> Self {
        let mut crowd = Self(vec![0; 1 << Self::BITS]);
        for (_, text) in texts {
            for window in text.windows(GRAM) {
                let gram = Table::<GRAM, STRIDE>::gram_of(window);
                if let Some(count) = crowd.0.get_mut(Self::place(gram)) {
                    *count = count.saturating_add(1);
                }
            }
        }
        crowd
    }

    fn at(&self, gram: u64) -> u32 {
        self.0.get(Self::place(gram)).copied().unwrap_or(0).into()
    }

    fn place(gram: u64) -> usize {
        (gram.wrapping_mul(MIX) >> (64 - Self::BITS)) as usize
    }
}
