//! Numbers for the slots that were called.

use crate::route::{Slot, index};

/// No seat.
const NONE: u32 = u32::MAX;

/// A number for each slot that came, in that order. A catalog has many operations that
/// nobody calls, and none of them shall take the room of a tally.
#[derive(Debug, Default)]
pub(super) struct Seats {
    /// By slot.
    seats: Vec<u32>,
    /// By seat.
    slots: Vec<Slot>,
}

impl Seats {
    /// The number of a slot; a new one where it has none.
    #[inline]
    pub(super) fn seat(&mut self, slot: Slot) -> usize {
        match self.seats.get(index(slot)) {
            Some(seat) if *seat != NONE => index(*seat),
            Some(_) | None => self.add(slot),
        }
    }

    fn add(&mut self, slot: Slot) -> usize {
        let (at, seat) = (index(slot), self.slots.len());
        if self.seats.len() <= at {
            self.seats.resize(at + 1, NONE);
        }
        if let Some(place) = self.seats.get_mut(at) {
            // There are no more seats than slots.
            *place = u32::try_from(seat).unwrap_or(NONE);
        }
        self.slots.push(slot);
        seat
    }

    /// The slots in the order of their numbers.
    pub(super) fn into_slots(self) -> Vec<Slot> {
        self.slots
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_slot_has_the_number_of_its_first_coming(
            slots in prop::collection::vec(0u32..50, 0..100),
        ) {
            let mut seats = Seats::default();
            let mut first: Vec<Slot> = Vec::new();
            for slot in slots {
                if !first.contains(&slot) {
                    first.push(slot);
                }
                let seat = first.iter().position(|other| *other == slot);
                prop_assert_eq!(Some(seats.seat(slot)), seat);
            }
            prop_assert_eq!(seats.into_slots(), first);
        }
    }
}
