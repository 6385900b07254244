//! An address that letters are posted to.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deprovision_core::time::{Clock, Timestamp};

use crate::channel::Sent;
use crate::fetch::{Answer, HttpClient, Outgoing, Target, TargetError};
use crate::post::Answers;
use crate::verdict;

/// What all channels over HTTPS have: a client, an address, whether answers are shown,
/// and a clock for `Retry-After`.
pub(crate) struct Hook {
    client: HttpClient,
    target: Target,
    pub(crate) answers: Answers,
    clock: Arc<dyn Clock>,
}

impl Hook {
    /// At this address, with answers withheld.
    pub(crate) fn new(
        client: HttpClient,
        address: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TargetError> {
        let target = Target::parse(address, client.reach())?;
        Ok(Self {
            client,
            target,
            answers: Answers::Withheld,
            clock,
        })
    }

    /// The same at another address.
    pub(crate) fn moved_to(&mut self, address: &str) -> Result<(), TargetError> {
        self.target = Target::parse(address, self.client.reach())?;
        Ok(())
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Posts once; without an answer, what that means for the letter.
    pub(crate) async fn post(
        &self,
        outgoing: Outgoing,
        deadline: Duration,
    ) -> Result<Answer, Sent> {
        let answer = self.client.post(&self.target, outgoing, deadline).await;
        answer.map_err(|error| verdict::of_error(&error))
    }

    /// What the answer's status means for the letter.
    pub(crate) fn by_status(&self, answer: &Answer) -> Sent {
        verdict::of_status(answer, self.target.host(), self.now())
    }

    /// Adds what may be shown.
    pub(crate) fn show(&self, debug: &mut fmt::DebugStruct<'_, '_>) {
        debug
            .field("target", &self.target)
            .field("answers", &self.answers);
    }
}
