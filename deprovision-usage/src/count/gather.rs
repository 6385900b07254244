//! From what each thread counted to one shard.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::vec::IntoIter;

use deprovision_core::id::CallerId;
use deprovision_core::usage::{CallerCounts, Demand, Endpoint, Shard, Stretches};

use super::counter::Counter;
use super::seats::Seats;
use super::sketch::Sketch;
use super::sums::Sums;
use super::tally::Tally;
use super::unmatched::collapse;
use crate::route::{RouteTable, Slot, index};

/// One slot's counts of all threads.
#[derive(Debug, Default)]
struct Part {
    slot: Slot,
    tallies: [Vec<Tally>; 3],
    /// With the numbers of the thread's callers.
    callers: Vec<(usize, CallerCounts)>,
    unlisted: u64,
    malformed: u64,
}

/// The parts of the slots that anything was counted for.
#[derive(Debug, Default)]
struct Parts {
    seats: Seats,
    parts: Vec<Part>,
}

impl Parts {
    fn of(&mut self, slot: Slot) -> Option<&mut Part> {
        let seat = self.seats.seat(slot);
        if self.parts.len() <= seat {
            self.parts.push(Part {
                slot,
                ..Part::default()
            });
        }
        self.parts.get_mut(seat)
    }
}

/// Puts what all threads counted into the shard. `name` makes a caller's id of its
/// name.
pub(crate) fn gather(
    mut counters: Vec<Counter<'_>>,
    table: &RouteTable,
    name: &(dyn Fn(&[u8]) -> Option<CallerId> + Sync),
    shard: &mut Shard,
) {
    let threads = counters.len();
    let mut seen = Stretches::default();
    let mut sketch: Option<Sketch> = None;
    let mut strays = Vec::new();
    let mut parts = Parts::default();
    let (callers, numbers) = unify(&mut counters);
    if counters.iter().any(|counter| counter.sketch.is_some()) {
        let mut all = Sketch::new();
        for counter in &counters {
            counter.callers.each(|_, name| all.add(name));
            counter.sketch.iter().for_each(|more| all.merge(more));
        }
        sketch = Some(all);
    }
    for (thread, counter) in counters.into_iter().enumerate() {
        seen.merge(&counter.seen);
        shard.lines += counter.lines;
        shard.future += counter.future;
        strays.extend(counter.strays.into_unmatched(name));
        let slots = counter.seats.into_slots();
        for (kind, tallies) in counter.tallies.into_iter().enumerate() {
            for (tally, slot) in tallies.into_iter().zip(&slots) {
                if !tally.is_empty()
                    && let Some(part) = parts.of(*slot)
                    && let Some(of_kind) = part.tallies.get_mut(kind)
                {
                    of_kind.push(tally);
                }
            }
        }
        for (pairs, slot) in counter.pairs.into_iter().zip(&slots) {
            if let Some(part) = parts.of(*slot) {
                part.callers.push((thread, pairs.into_counts()));
            }
        }
        for (seat, more) in counter.unlisted {
            if let Some(part) = slots.get(seat).and_then(|slot| parts.of(*slot)) {
                part.unlisted += more;
            }
        }
        for (slot, more) in counter.malformed {
            if let Some(part) = parts.of(slot) {
                part.malformed += more;
            }
        }
    }
    shard.seen.merge(&seen);
    shard.callers_about = sketch.map(|sketch| sketch.about());
    shard.unmatched = collapse(strays);
    for (slot, demand, counts) in in_parallel(parts.parts, &numbers, callers.len(), threads) {
        let mut endpoints = table.endpoints(slot).into_iter().peekable();
        let (mut demand, mut counts) = (Some(demand), Some(counts));
        while let Some(endpoint) = endpoints.next() {
            // The last one may have them, the others get a copy.
            let (demand, counts) = match endpoints.peek() {
                None => (demand.take(), counts.take()),
                Some(_) => (demand.clone(), counts.clone()),
            };
            if let (Some(demand), Some(counts)) = (demand, counts) {
                add(&mut shard.endpoints, endpoint, demand, counts);
            }
        }
    }
    shard.callers = callers;
}

fn add(
    all: &mut BTreeMap<Endpoint, (Demand, CallerCounts)>,
    endpoint: &Endpoint,
    demand: Demand,
    counts: CallerCounts,
) {
    match all.get_mut(endpoint) {
        None => {
            all.insert(endpoint.clone(), (demand, counts));
        }
        Some((known, by)) => {
            known.merge(&demand);
            by.merge(&counts);
        }
    }
}

/// The ids of all callers in order, and for each thread the place of each of its
/// callers among them.
fn unify(counters: &mut [Counter<'_>]) -> (Vec<CallerId>, Vec<Vec<u32>>) {
    let mut numbers: Vec<Vec<u32>> = Vec::new();
    let mut heads = Vec::new();
    let mut most = 0;
    for counter in counters {
        numbers.push(vec![u32::MAX; counter.callers.len()]);
        most = most.max(counter.named.len());
        heads.push(std::mem::take(&mut counter.named).into_iter());
    }
    let mut callers: Vec<CallerId> = Vec::with_capacity(most);
    let next = |heads: &mut [IntoIter<(CallerId, u32)>]| {
        let firsts = heads.iter().enumerate();
        let firsts = firsts.filter_map(|(thread, head)| Some((head.as_slice().first()?, thread)));
        let (_, thread) = firsts.min()?;
        let (id, number) = heads.get_mut(thread)?.next()?;
        Some((id, thread, number))
    };
    while let Some((id, thread, number)) = next(&mut heads) {
        if callers.last() != Some(&id) {
            callers.push(id);
        }
        let place = u32::try_from(callers.len() - 1).unwrap_or(u32::MAX);
        if let Some(of_thread) = numbers.get_mut(thread)
            && let Some(entry) = of_thread.get_mut(index(number))
        {
            *entry = place;
        }
    }
    (callers, numbers)
}

/// Each part's demand and callers, worked out by as many threads as counted.
fn in_parallel(
    parts: Vec<Part>,
    numbers: &[Vec<u32>],
    callers: usize,
    threads: usize,
) -> Vec<(Slot, Demand, CallerCounts)> {
    let queue = Mutex::new(parts.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut sums = Sums::new(numbers, callers);
        let mut done = Vec::new();
        while let Some(part) = next() {
            done.push(part.into_counts(&mut sums));
        }
        done
    };
    std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

impl Part {
    fn into_counts(self, sums: &mut Sums<'_>) -> (Slot, Demand, CallerCounts) {
        let mut demand = Demand::default();
        let [consumers, bots, health_checks] = self.tallies;
        for (traffic, tallies) in [
            (&mut demand.consumers, consumers),
            (&mut demand.bots, bots),
            (&mut demand.health_checks, health_checks),
        ] {
            for tally in tallies {
                traffic.merge(&tally.into_traffic());
            }
        }
        demand.unlisted = self.unlisted;
        demand.malformed = self.malformed;
        (self.slot, demand, sums.of(self.callers))
    }
}
