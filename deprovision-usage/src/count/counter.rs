//! Counting lines: what one thread does.

use std::borrow::Cow;
use std::sync::Arc;

use deprovision_core::id::CallerId;
use deprovision_core::time::Timestamp;
use deprovision_core::usage::{CallerCounts, Stretches};
use hashbrown::HashMap;

use super::callers::CallerBy;
use super::pairs::Pairs;
use super::seats::Seats;
use super::sketch::Sketch;
use super::tally::{Tally, class_of};
use super::unmatched::{Stray, Strays};
use crate::agents::{Agents, Kind};
use crate::line::{LogLine, PathCut, PlainLine, Request};
use crate::names::{Key, Names};
use crate::route::{NO_SLOT, RouteTable, Slot, Target, Walk};

/// How far a line may be ahead of our clock, in seconds: clocks of two machines are
/// never quite the same.
pub(crate) const SKEW: i64 = 5;

/// How many user agents are remembered.
const MAX_AGENTS: usize = 4096;

/// How many bytes a caller takes in the shard, while the callers are put into order.
const FINISHED_CALLER: usize = 100;

/// How many calls wait for their memory together.
const TOGETHER: usize = 16;

/// What is counted, and how.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) caller: CallerBy,
    /// Whether callers are counted at all.
    pub(crate) callers: bool,
    pub(crate) agents: Arc<Agents>,
    /// User agents of our own probes, whose requests are no demand.
    pub(crate) own_agents: Vec<Vec<u8>>,
    /// Only requests in these seconds are counted.
    pub(crate) window: Option<(i64, i64)>,
    /// How many bytes the callers may take.
    pub(crate) memory: usize,
}

/// One request, as far as it is counted.
struct Line<'a> {
    at: i64,
    method: &'a [u8],
    target: &'a [u8],
    /// Where its path was cut already: the target with what follows it, and its
    /// segments.
    cut: Option<(&'a [u8], &'a PathCut)>,
    host: Option<&'a [u8]>,
    status: u16,
    bytes: u64,
    agent: &'a [u8],
    caller: &'a [u8],
}

/// A user agent and what it is; `None` for our own probes.
type KnownAgent = (Box<[u8]>, Option<Kind>);

/// What one thread counted.
#[derive(Debug)]
pub(crate) struct Counter<'t> {
    options: Options,
    walk: Walk<'t>,
    pub(super) lines: u64,
    pub(super) future: u64,
    pub(super) seen: Stretches,
    /// The stretch that lines are in now, and how many it has.
    stretch: Option<(i64, i64, u64)>,
    pub(super) callers: Names,
    /// Each caller's id and number, in the order of the ids, when all is counted.
    pub(super) named: Vec<(CallerId, u32)>,
    /// The slots that were called; what follows is by their numbers here.
    pub(super) seats: Seats,
    /// By kind of caller first.
    pub(super) tallies: [Vec<Tally>; 3],
    pub(super) pairs: Vec<Pairs>,
    pub(super) unlisted: HashMap<usize, u64, foldhash::fast::RandomState>,
    pub(super) malformed: HashMap<Slot, u64, foldhash::fast::RandomState>,
    pub(super) strays: Strays,
    /// About how many callers there are, once they are too many.
    pub(super) sketch: Option<Sketch>,
    pair_bytes: usize,
    /// Calls of callers with short names: waiting for their memory together takes less
    /// time.
    waiting: Vec<(usize, Key, u32)>,
    /// Where pairs are merged.
    space: CallerCounts,
    kinds: HashMap<Vec<u8>, Option<Kind>, foldhash::fast::RandomState>,
    last_kinds: Vec<Option<KnownAgent>>,
}

impl<'t> Counter<'t> {
    pub(crate) fn new(table: &'t RouteTable, options: Options) -> Self {
        Self {
            options,
            walk: Walk::new(table),
            lines: 0,
            future: 0,
            seen: Stretches::default(),
            stretch: None,
            callers: Names::new(),
            named: Vec::new(),
            seats: Seats::default(),
            tallies: Default::default(),
            pairs: Vec::new(),
            unlisted: HashMap::default(),
            malformed: HashMap::default(),
            strays: Strays::default(),
            sketch: None,
            pair_bytes: 0,
            waiting: Vec::new(),
            space: CallerCounts::default(),
            kinds: HashMap::default(),
            last_kinds: vec![None; 256],
        }
    }

    /// Counts a line of plain parts; gives its time when that is sound.
    pub(crate) fn plain(&mut self, line: &PlainLine<'_>, cut: &PathCut, now: i64) -> Option<i64> {
        let caller = match self.options.caller {
            CallerBy::Name => [line.user, line.key, line.subject]
                .into_iter()
                .find(|name| !name.is_empty())
                .unwrap_or_default(),
            CallerBy::Client => line.client,
            CallerBy::Key => line.key,
            CallerBy::Agent => line.agent,
            CallerBy::Subject => line.subject,
            CallerBy::Field => line.field,
        };
        self.request(
            &Line {
                at: line.at,
                method: line.method,
                target: line.target,
                cut: Some((line.text, cut)),
                host: (!line.host.is_empty()).then_some(line.host),
                status: line.status,
                bytes: line.bytes,
                agent: line.agent,
                caller: if caller.is_empty() {
                    line.client
                } else {
                    caller
                },
            },
            now,
        )
    }

    /// Counts any well-formed line; gives its time when that is sound.
    pub(crate) fn line(&mut self, line: &LogLine<'_>, now: i64) -> Option<i64> {
        let (method, target) = match &line.request {
            Request::Call { method, target } => (&**method, &**target),
            Request::Other(_) => (&b""[..], &b""[..]),
        };
        let caller = match self.options.caller {
            CallerBy::Name => [&line.user, &line.key, &line.subject]
                .into_iter()
                .map(field)
                .find(|name| !name.is_empty())
                .unwrap_or_default(),
            CallerBy::Client => &[],
            CallerBy::Key => field(&line.key),
            CallerBy::Agent => field(&line.agent),
            CallerBy::Subject => field(&line.subject),
            CallerBy::Field => field(&line.field),
        };
        self.request(
            &Line {
                at: line.at.as_second(),
                method,
                target,
                cut: None,
                host: line.host.as_deref(),
                status: line.status.unwrap_or(0),
                bytes: line.bytes.unwrap_or(0),
                agent: field(&line.agent),
                caller: if caller.is_empty() {
                    &line.client
                } else {
                    caller
                },
            },
            now,
        )
    }

    /// A malformed line that holds a whole request: what it is a call of.
    pub(crate) fn malformed(&mut self, request: &Request<'_>) {
        if let Request::Call { method, target } = request {
            let slot = self.walk.slot(method, None, target);
            if slot != NO_SLOT {
                *self.malformed.entry(slot).or_default() += 1;
            }
        }
    }

    fn request(&mut self, line: &Line<'_>, now: i64) -> Option<i64> {
        self.lines += 1;
        // It was written before now, so a clock was wrong: it proves nothing about
        // any time, and if it is a call then one of unknown time.
        let at = (line.at > 0 && line.at <= now.saturating_add(SKEW)).then(|| line.at.min(now));
        match at {
            Some(at) => self.alive(at),
            None => self.future += 1,
        }
        if let (Some(at), Some((from, to))) = (at, self.options.window)
            && !(from..to).contains(&at)
        {
            return Some(at);
        }
        let Some(kind) = self.kind(line.agent) else {
            return at;
        };
        if line.target.is_empty() {
            // No request line at all: a scanner, a broken client.
            return at;
        }
        let slot = match line.cut {
            Some((text, cut)) => {
                let length = line.target.len();
                let target = Target { text, length };
                self.walk.slot_of(line.method, line.host, target, cut)
            }
            None => self.walk.slot(line.method, line.host, line.target),
        };
        let class = class_of(line.status);
        if slot == NO_SLOT {
            self.strays.add(Stray {
                host: line.host,
                method: line.method,
                target: line.target,
                at,
                class,
                bytes: line.bytes,
                kind: kind as usize,
                caller: line.caller,
            });
            return at;
        }
        let seat = self.seats.seat(slot);
        if let Some(tallies) = self.tallies.get_mut(kind as usize) {
            if tallies.len() <= seat {
                tallies.resize_with(seat + 1, Tally::default);
            }
            if let Some(tally) = tallies.get_mut(seat) {
                tally.add(at, class, line.bytes);
            }
        }
        if kind == Kind::Consumer && self.options.callers {
            let second = at.and_then(|at| u32::try_from(at).ok()).unwrap_or(0);
            let key = self.callers.key(0, line.caller);
            if key.is_short() {
                self.waiting.push((seat, key, second));
                if self.waiting.len() == TOGETHER {
                    self.serve_waiting();
                }
            } else {
                self.call(seat, line.caller, key, second);
            }
        }
        at
    }

    /// The source was alive at that second.
    fn alive(&mut self, at: i64) {
        const JOIN: i64 = Stretches::RESOLUTION.as_seconds().cast_signed();
        if let Some((from, to, count)) = &mut self.stretch
            && at >= *from - JOIN
            && at <= *to + JOIN
        {
            *from = at.min(*from);
            *to = at.max(*to);
            *count += 1;
            return;
        }
        self.end_stretch();
        self.stretch = Some((at, at, 1));
    }

    fn end_stretch(&mut self) {
        if let Some((from, to, count)) = self.stretch.take()
            && let (Ok(from), Ok(to)) = (Timestamp::from_second(from), Timestamp::from_second(to))
        {
            self.seen.insert(from, to, count);
        }
    }

    /// What a program is; `None` for our own probes.
    fn kind(&mut self, agent: &[u8]) -> Option<Kind> {
        if agent.is_empty() {
            return Some(Kind::Consumer);
        }
        // A log has few programs that call often: the last with the same ends.
        let spot = spot_of(agent);
        if let Some(Some((last, kind))) = self.last_kinds.get(spot)
            && **last == *agent
        {
            return *kind;
        }
        let kind = self.kind_by_name(agent);
        if let Some(last) = self.last_kinds.get_mut(spot) {
            *last = Some((agent.into(), kind));
        }
        kind
    }

    fn kind_by_name(&mut self, agent: &[u8]) -> Option<Kind> {
        if let Some(kind) = self.kinds.get(agent) {
            return *kind;
        }
        let own = self.options.own_agents.iter().any(|own| own == agent);
        let kind = (!own).then(|| self.options.agents.kind(agent));
        if self.kinds.len() < MAX_AGENTS {
            self.kinds.insert(agent.to_vec(), kind);
        }
        kind
    }

    /// The number of a caller; `None` when there are too many to list this one.
    fn caller(&mut self, name: &[u8], key: Key) -> Option<u32> {
        if let Some(number) = self.callers.find(name, key) {
            return Some(number);
        }
        match &mut self.sketch {
            Some(sketch) => {
                sketch.add(name);
                None
            }
            None => self.callers.insert_next(name, key),
        }
    }

    /// Counts the calls that wait.
    fn serve_waiting(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let guesses = waiting.iter().map(|(_, key, _)| self.callers.guess(key));
        // Nothing is done with the guesses: what they bring is near when it is needed.
        std::hint::black_box(guesses.fold(0, |all, guess| all ^ guess));
        for (seat, key, second) in &waiting {
            let (name, length) = key.name();
            self.call(*seat, name.get(..length).unwrap_or_default(), *key, *second);
        }
        self.waiting = waiting;
        self.waiting.clear();
    }

    /// A caller called an endpoint; in second zero when the time is not known.
    fn call(&mut self, seat: usize, name: &[u8], key: Key, second: u32) {
        let Some(caller) = self.caller(name, key) else {
            self.unlisted(seat, 1);
            return;
        };
        if self.pairs.len() <= seat {
            self.pairs.resize_with(seat + 1, Pairs::default);
        }
        if let Some(pairs) = self.pairs.get_mut(seat)
            && pairs.add(caller, second)
        {
            self.merge(seat);
        }
    }

    /// Merges the pairs of an endpoint.
    fn merge(&mut self, seat: usize) {
        if let Some(pairs) = self.pairs.get_mut(seat) {
            let before = pairs.bytes();
            let unlisted = pairs.merge(&mut self.space, self.sketch.is_some());
            self.pair_bytes = (self.pair_bytes + pairs.bytes()).saturating_sub(before);
            if unlisted > 0 {
                self.unlisted(seat, unlisted);
            }
        }
    }

    /// Requests of callers who are not listed.
    fn unlisted(&mut self, seat: usize, requests: u64) {
        *self.unlisted.entry(seat).or_default() += requests;
    }

    /// To be called after each block of lines.
    pub(crate) fn end_of_block(&mut self) {
        self.serve_waiting();
        self.keep_to_budget();
    }

    /// Stops to list more callers before they take more than they may.
    fn keep_to_budget(&mut self) {
        let named = self.callers.most_bytes() + self.callers.len() * FINISHED_CALLER;
        if self.sketch.is_some() || named + self.pair_bytes <= self.options.memory {
            return;
        }
        let mut sketch = Sketch::new();
        self.callers.each(|_, name| sketch.add(name));
        self.sketch = Some(sketch);
    }

    /// All is counted. `name` makes a caller's id of its name.
    pub(crate) fn finish(&mut self, name: impl Fn(&[u8]) -> Option<CallerId>) {
        for seat in 0..self.pairs.len() {
            self.merge(seat);
        }
        let named = &mut self.named;
        named.reserve_exact(self.callers.len());
        self.callers
            .each(|number, text| named.extend(name(text).map(|id| (id, number))));
        named.sort_unstable();
        self.end_stretch();
    }
}

/// A field of a line; empty where it has none.
fn field<'a>(field: &'a Option<Cow<'_, [u8]>>) -> &'a [u8] {
    field.as_deref().unwrap_or_default()
}

/// One of 256 places, by the length and the ends of a user agent.
fn spot_of(agent: &[u8]) -> usize {
    let number = |chunk: Option<&[u8; 8]>| chunk.map_or(0, |chunk| u64::from_le_bytes(*chunk));
    let ends = number(agent.first_chunk()) ^ number(agent.last_chunk()).rotate_left(29);
    let mixed = (ends ^ agent.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::from(mixed.to_be_bytes()[0])
}
