//! Who called an endpoint, packed: a report has millions of pairs of an endpoint and a
//! caller.

use crate::usage::CallerCount;

/// The callers of one endpoint with their counts, in the order of their indices, each
/// once. Most take six bytes.
///
/// ```
/// use deprovision_core::{time::Timestamp, usage::{CallerCount, CallerCounts}};
/// let at = Timestamp::from_second(1_700_000_000)?;
/// let counts: CallerCounts = [
///     CallerCount::new(7, 1, Some(at)),
///     CallerCount::new(3, 5, None),
///     CallerCount::new(7, 2, None),
/// ]
/// .into_iter()
/// .collect();
/// let all: Vec<_> = counts.iter().map(|count| (count.caller, count.requests)).collect();
/// assert_eq!(all, [(3, 5), (7, 3)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CallerCounts {
    /// For each caller: by how much its index is above the least that it can be, and
    /// its requests, both in LEB128; then the second of the last request, in four
    /// bytes, the lowest first.
    bytes: Vec<u8>,
    len: usize,
    /// The least index that can come next.
    next: u64,
}

impl CallerCounts {
    /// How many callers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many bytes of memory they take.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.bytes.capacity()
    }

    /// The callers, in the order of their indices.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            bytes: &self.bytes,
            next: 0,
        }
    }

    /// Adds requests of a caller. It is fast when callers come in their order;
    /// otherwise all are gone through.
    #[inline]
    pub fn add(&mut self, count: CallerCount) {
        if u64::from(count.caller) >= self.next {
            self.push(count);
        } else {
            self.insert(count);
        }
    }

    /// Adds requests of a caller who is not the last.
    fn insert(&mut self, count: CallerCount) {
        let mut sum = Self::default();
        let mut count = Some(count);
        for mut known in self.iter() {
            if let Some(more) = count.take_if(|count| count.caller <= known.caller) {
                if more.caller == known.caller {
                    known.add(&more);
                } else {
                    sum.push(more);
                }
            }
            sum.push(known);
        }
        count.into_iter().for_each(|count| sum.push(count));
        *self = sum;
    }

    /// Adds all that another one has.
    pub fn merge(&mut self, other: &Self) {
        *self = self.iter().chain(other).collect();
    }

    /// Forgets all, and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        (self.len, self.next) = (0, 0);
    }

    /// Adds a caller behind all others.
    #[inline]
    fn push(&mut self, count: CallerCount) {
        let above = u64::from(count.caller).saturating_sub(self.next);
        let [a, b, c, d] = count.second().to_le_bytes();
        if above < 0x80 && count.requests < 0x80 {
            let (above, requests) = (above.to_le_bytes()[0], count.requests.to_le_bytes()[0]);
            self.bytes.extend_from_slice(&[above, requests, a, b, c, d]);
        } else {
            write_number(&mut self.bytes, above);
            write_number(&mut self.bytes, count.requests);
            self.bytes.extend_from_slice(&[a, b, c, d]);
        }
        self.next = u64::from(count.caller) + 1;
        self.len += 1;
    }
}

impl FromIterator<CallerCount> for CallerCounts {
    /// In any order; what is told of one caller several times is added.
    fn from_iter<I: IntoIterator<Item = CallerCount>>(counts: I) -> Self {
        let mut counts: Vec<CallerCount> = counts.into_iter().collect();
        counts.sort_unstable_by_key(|count| count.caller);
        counts.dedup_by(|next, first| {
            let same = next.caller == first.caller;
            if same {
                first.add(next);
            }
            same
        });
        let mut all = Self::default();
        counts.into_iter().for_each(|count| all.push(count));
        all.bytes.shrink_to_fit();
        all
    }
}

impl<'a> IntoIterator for &'a CallerCounts {
    type Item = CallerCount;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl std::fmt::Debug for CallerCounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// The callers of one endpoint, one after the other.
#[derive(Debug, Clone)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    next: u64,
}

impl Iterator for Iter<'_> {
    type Item = CallerCount;

    #[inline]
    fn next(&mut self) -> Option<CallerCount> {
        let (above, requests, last) = match self.bytes {
            [above @ ..0x80, requests @ ..0x80, a, b, c, d, rest @ ..] => {
                self.bytes = rest;
                (u64::from(*above), u64::from(*requests), [*a, *b, *c, *d])
            }
            _ => {
                let above = read_number(&mut self.bytes)?;
                let requests = read_number(&mut self.bytes)?;
                let (last, rest) = self.bytes.split_first_chunk()?;
                self.bytes = rest;
                (above, requests, *last)
            }
        };
        let caller = self.next + above;
        self.next = caller + 1;
        let caller = u32::try_from(caller).ok()?;
        Some(CallerCount::at_second(
            caller,
            requests,
            u32::from_le_bytes(last),
        ))
    }
}

/// Writes a number in LEB128: seven bits a byte, the lowest first.
fn write_number(to: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        to.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    to.push(number.to_le_bytes()[0]);
}

/// Reads a number in LEB128.
fn read_number(from: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn count() -> impl Strategy<Value = CallerCount> {
        let caller = prop_oneof![8 => 0u32..300, 1 => any::<u32>(), 1 => Just(u32::MAX)];
        let requests = prop_oneof![8 => 1u64..200, 1 => any::<u64>()];
        (caller, requests, any::<u32>())
            .prop_map(|(caller, requests, last)| CallerCount::at_second(caller, requests, last))
    }

    proptest! {
        #[test]
        fn they_are_what_a_map_is(all in prop::collection::vec(count(), 0..60), cut in any::<prop::sample::Index>()) {
            let mut map: BTreeMap<u32, CallerCount> = BTreeMap::new();
            let mut one_by_one = CallerCounts::default();
            for count in &all {
                one_by_one.add(*count);
                map.entry(count.caller).and_modify(|known| known.add(count)).or_insert(*count);
            }
            let expected: Vec<CallerCount> = map.into_values().collect();
            prop_assert_eq!(one_by_one.iter().collect::<Vec<_>>(), expected.clone());
            prop_assert_eq!(one_by_one.len(), expected.len());
            prop_assert_eq!(one_by_one.is_empty(), expected.is_empty());
            let (some, others) = all.split_at(cut.index(all.len() + 1));
            let mut merged: CallerCounts = some.iter().copied().collect();
            merged.merge(&others.iter().copied().collect());
            prop_assert_eq!(&merged, &one_by_one);
            merged.clear();
            merged.merge(&one_by_one);
            prop_assert_eq!(&merged, &one_by_one);
        }
    }

    #[test]
    fn most_take_six_bytes() {
        let counts =
            (0u32..1000).map(|caller| CallerCount::at_second(caller * 100, 9, 1_700_000_000));
        assert_eq!(counts.collect::<CallerCounts>().memory(), 6000);
    }
}
