//! Sending what is due: intents in one transaction, letters side by side, outcomes
//! together with the next intents.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deprovision_core::time::{Period, Timestamp};
use tokio::task::{Id, JoinError, JoinSet};

use super::error::CourierError;
use super::port::Courier;
use super::settle::Ended;
use super::status::Pause;
use super::take::Taken;
use crate::{Channel, Letter, Sent};

/// A channel that keeps no deadline is given up this long after it.
const GRACE: Period = Period::seconds(10);
const SENDING: &str = "sending letters";

/// What came of sending what was due, in letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Round {
    /// The recipients' side took so many.
    pub accepted: usize,
    /// So many will never be taken.
    pub refused: usize,
    /// So many were not taken now, and are tried again, or have bounced.
    pub not_sent: usize,
    /// So many may have been taken.
    pub unsure: usize,
}

impl Round {
    fn count(&mut self, sent: &Sent) {
        match sent {
            Sent::Accepted { .. } => self.accepted += 1,
            Sent::Refused { .. } => self.refused += 1,
            Sent::NotSent { .. } | Sent::Broken { .. } => self.not_sent += 1,
            Sent::Unsure { .. } => self.unsure += 1,
        }
    }
}

/// What is under way.
#[derive(Debug, Default)]
struct UnderWay {
    tasks: JoinSet<Sent>,
    letters: HashMap<Id, (u64, bool)>,
}

impl Courier {
    /// Sends all letters that are due now, and returns when nothing more is: what they
    /// came to is in the queue then.
    ///
    /// A future that is dropped meanwhile leaves letters of which nobody knows whether
    /// they were sent; the next call sends them once more, as after a crash.
    ///
    /// # Errors
    /// [`CourierError::Store`] when the queue fails. A letter that was under way then
    /// counts as one that may have been sent.
    pub async fn deliver_due(&self) -> Result<Round, CourierError> {
        self.deliver(&AtomicBool::new(false)).await
    }

    /// The same, but takes no more letters once `stop` is set.
    pub(super) async fn deliver(&self, stop: &AtomicBool) -> Result<Round, CourierError> {
        // Two at once would take each other's letters for left behind.
        let _turn = self.turn.lock().await;
        let (mut round, mut under_way) = (Round::default(), UnderWay::default());
        let mut ended = self.left_behind().await?;
        loop {
            for one in &ended {
                round.count(&one.sent);
            }
            let room = match stop.load(Ordering::Acquire) {
                true => 0,
                false => self.config.at_once.saturating_sub(under_way.tasks.len()),
            };
            let (taken, more) = self.step(ended, room).await?;
            for letter in taken {
                under_way.send(letter, &self.channel, self.config.send_timeout);
            }
            if under_way.tasks.is_empty() && !more {
                break;
            }
            ended = under_way.ended(self.config.at_once / 2).await;
        }
        if round != Round::default() {
            let channel = self.channel.name();
            tracing::info!(channel, ?round, "letters were sent");
        }
        Ok(round)
    }

    /// The letters with an intent of an earlier process, or of a call that was dropped.
    async fn left_behind(&self) -> Result<Vec<Ended>, CourierError> {
        let left = self.store.change(|tables| tables.left_behind()).await;
        let left = left.map_err(|fault| fault.while_doing(SENDING))?;
        let unsure = |number| Ended {
            number,
            probe: false,
            sent: Sent::Unsure {
                why: "the courier ended while it was sending".to_owned(),
            },
        };
        Ok(left.into_iter().map(unsure).collect())
    }

    /// Records outcomes and the next intents, in one transaction; the letters that go,
    /// and whether it is worth looking again.
    async fn step(
        &self,
        ended: Vec<Ended>,
        room: usize,
    ) -> Result<(Vec<Taken>, bool), CourierError> {
        let (retry, timing) = (self.config.retry.clone(), self.timing.clone());
        let now = self.clock.now();
        let done = self.store.change(move |tables| {
            let mut broken = None;
            for one in ended {
                broken = tables.settle(one, &retry, now)?.or(broken);
            }
            let (taken, more) = tables.take(room, &timing, now)?;
            Ok((broken, taken, more))
        });
        let (broken, taken, more) = done.await.map_err(|fault| fault.while_doing(SENDING))?;
        if let Some(pause) = broken {
            self.tell(&pause, now);
        }
        Ok((taken, more))
    }

    fn tell(&self, pause: &Pause, now: Timestamp) {
        tracing::warn!(
            channel = self.channel.name(),
            why = pause.why,
            since = %pause.since,
            next_probe = %pause.next_probe.max(now),
            "the channel is broken, and the letters wait: a person has to act"
        );
    }
}

impl UnderWay {
    fn send(&mut self, taken: Taken, channel: &Arc<dyn Channel>, deadline: Period) {
        let (number, probe) = (taken.number, taken.probe);
        let channel = channel.clone();
        let task = self.tasks.spawn(async move {
            match taken.letter() {
                Ok(letter) => attempt(&*channel, &letter, deadline.to_duration()).await,
                Err(why) => Sent::Refused {
                    why: format!("the queue can not read it: {why}"),
                },
            }
        });
        self.letters.insert(task.id(), (number, probe));
    }

    /// Waits for an outcome, a moment for some more, and gives those that are there.
    async fn ended(&mut self, enough: usize) -> Vec<Ended> {
        let mut ended: Vec<_> = self.tasks.join_next_with_id().await.into_iter().collect();
        let more = async {
            while ended.len() < enough {
                match self.tasks.join_next_with_id().await {
                    Some(next) => ended.push(next),
                    None => break,
                }
            }
        };
        // A transaction is a wait for the disk, which is about as long.
        let _ = tokio::time::timeout(A_MOMENT, more).await;
        while let Some(next) = self.tasks.try_join_next_with_id() {
            ended.push(next);
        }
        ended
            .into_iter()
            .filter_map(|one| self.outcome(one))
            .collect()
    }

    fn outcome(&mut self, ended: Result<(Id, Sent), JoinError>) -> Option<Ended> {
        let (id, sent) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                let why = "the channel failed in the middle of sending".to_owned();
                (error.id(), Sent::Unsure { why })
            }
        };
        let (number, probe) = self.letters.remove(&id)?;
        Some(Ended {
            number,
            probe,
            sent,
        })
    }
}

/// How long outcomes wait for each other.
const A_MOMENT: Duration = Duration::from_millis(10);

async fn attempt(channel: &dyn Channel, letter: &Letter, deadline: Duration) -> Sent {
    let limit = deadline.saturating_add(GRACE.to_duration());
    tokio::time::timeout(limit, channel.send(letter, deadline))
        .await
        .unwrap_or_else(|_| Sent::Unsure {
            why: format!("{} did not answer in time", channel.name()),
        })
}
