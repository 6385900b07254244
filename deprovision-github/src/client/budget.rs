//! Keeping to the limits, so that GitHub does not have to say no.

use std::collections::VecDeque;
use std::time::Duration;

use crate::call::{Call, Effect};
use crate::client::Limits;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// What was done when, by a clock that never goes back. Pure: it sleeps for nobody.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    last_write: Option<Duration>,
    points: VecDeque<(Duration, u32)>,
    content: VecDeque<Duration>,
    searches: VecDeque<Duration>,
    blocked_until: Option<Duration>,
}

impl Ledger {
    /// When the call may go out: `now` or later.
    pub(crate) fn turn(&mut self, call: &Call, limits: &Limits, now: Duration) -> Duration {
        while self
            .points
            .front()
            .is_some_and(|(at, _)| *at + MINUTE <= now)
        {
            self.points.pop_front();
        }
        while self.content.front().is_some_and(|at| *at + HOUR <= now) {
            self.content.pop_front();
        }
        while self.searches.front().is_some_and(|at| *at + MINUTE <= now) {
            self.searches.pop_front();
        }
        let mut turn = now.max(self.blocked_until.unwrap_or_default());
        if call.is_write()
            && let Some(last) = self.last_write
        {
            turn = turn.max(last + limits.between_writes);
        }
        turn = turn.max(self.when_points_are_free(call.points(), limits));
        match call.effect {
            Effect::Reads | Effect::Writes => {}
            Effect::Searches => {
                turn = turn.max(nth_last(&self.searches, limits.searches_a_minute, MINUTE));
            }
            Effect::MakesContent => {
                turn = turn
                    .max(nth_last(&self.content, limits.content_a_minute, MINUTE))
                    .max(nth_last(&self.content, limits.content_an_hour, HOUR));
            }
        }
        turn
    }

    fn when_points_are_free(&self, wanted: u32, limits: &Limits) -> Duration {
        let mut sum: u32 = self.points.iter().map(|(_, points)| points).sum();
        let mut free = Duration::ZERO;
        for (at, points) in &self.points {
            if sum + wanted <= limits.points_a_minute {
                break;
            }
            sum -= points;
            free = *at + MINUTE;
        }
        free
    }

    /// The call goes out.
    pub(crate) fn spend(&mut self, call: &Call, at: Duration) {
        self.points.push_back((at, call.points()));
        if call.is_write() {
            self.last_write = Some(at);
        }
        match call.effect {
            Effect::Reads | Effect::Writes => {}
            Effect::Searches => self.searches.push_back(at),
            Effect::MakesContent => self.content.push_back(at),
        }
    }

    /// GitHub said not before then.
    pub(crate) fn block(&mut self, until: Duration) {
        self.blocked_until = Some(until.max(self.blocked_until.unwrap_or_default()));
    }
}

/// When the `limit`-th last of them is over.
fn nth_last(times: &VecDeque<Duration>, limit: u32, window: Duration) -> Duration {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    times
        .len()
        .checked_sub(limit)
        .and_then(|index| times.get(index))
        .map_or(Duration::ZERO, |at| *at + window)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CREATE_PULL, CREATE_TREE, GET_PULL, SEARCH_CODE};

    /// When each of so many calls goes out, in seconds.
    fn times(call: &Call, count: usize) -> Vec<u64> {
        let (mut ledger, limits) = (Ledger::default(), Limits::default());
        let mut now = Duration::ZERO;
        (0..count)
            .map(|_| {
                now = ledger.turn(call, &limits, now);
                ledger.spend(call, now);
                now.as_secs()
            })
            .collect()
    }

    #[test]
    fn writes_are_a_second_apart_and_reads_are_not() {
        assert_eq!(times(&CREATE_TREE, 4), [0, 1, 2, 3]);
        assert_eq!(times(&GET_PULL, 4), [0, 0, 0, 0]);
    }

    #[test]
    fn no_minute_has_more_than_900_points_or_10_searches() {
        let reads = times(&GET_PULL, 1801);
        assert_eq!((reads[899], reads[900], reads[1800]), (0, 60, 120));
        let searches = times(&SEARCH_CODE, 21);
        assert_eq!((searches[9], searches[10], searches[20]), (0, 60, 120));
    }

    #[test]
    fn no_hour_has_more_than_500_calls_that_make_content() {
        let made = times(&CREATE_PULL, 1001);
        assert_eq!((made[499], made[500]), (499, 3600));
        for (index, at) in made.iter().enumerate() {
            let within = |seconds| {
                made.iter()
                    .filter(|t| *t >= at && **t < at + seconds)
                    .count()
            };
            assert!(within(3600) <= 500 && within(60) <= 80, "{index}");
        }
    }

    #[test]
    fn what_github_said_holds_for_every_call() {
        let (mut ledger, limits) = (Ledger::default(), Limits::default());
        ledger.block(Duration::from_secs(90));
        ledger.block(Duration::from_secs(60));
        let turn = ledger.turn(&GET_PULL, &limits, Duration::from_secs(1));
        assert_eq!(turn, Duration::from_secs(90));
    }
}
