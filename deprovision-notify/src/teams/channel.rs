//! The webhook of a workflow in Teams.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock;

use super::card;
use crate::Letter;
use crate::channel::{Channel, Sent};
use crate::fetch::{HttpClient, Outgoing, TargetError};
use crate::hook::Hook;
use crate::post::Answers;

/// Posts letters as Adaptive Cards through a workflow of Microsoft Teams ("When a Teams
/// webhook request is received"). The connectors of Office 365 that took cards before are
/// retired.
///
/// The workflow answers 202 as soon as it has taken the request; whether the card was
/// posted is in the workflow's own history. A letter that is sent twice is posted twice,
/// unless the workflow looks at the header `webhook-id`, which is the letter's key.
///
/// The workflow's address is its secret: whoever has it can post.
pub struct Teams {
    hook: Hook,
}

impl Teams {
    /// The workflow at this address. No address of an answer is posted, unless
    /// [`with_answers`](Self::with_answers) says so.
    ///
    /// # Errors
    /// [`TargetError`] when the address is none, or may not be reached.
    pub fn new(
        client: HttpClient,
        address: &Secret,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, TargetError> {
        let hook = Hook::new(client, address.expose(), clock)?;
        Ok(Self { hook })
    }

    /// Whether cards show where their recipient can answer.
    #[must_use]
    pub fn with_answers(mut self, answers: Answers) -> Self {
        self.hook.answers = answers;
        self
    }
}

#[async_trait]
impl Channel for Teams {
    fn name(&self) -> &str {
        "teams"
    }

    async fn send(&self, letter: &Letter, deadline: Duration) -> Sent {
        let mut outgoing = Outgoing::json(card::message(letter, self.hook.answers).to_string());
        // A key is made of letters, digits and hyphens.
        if let Ok(key) = letter.key().parse() {
            outgoing.headers.insert("webhook-id", key);
        }
        match self.hook.post(outgoing, deadline).await {
            Ok(answer) => self.hook.by_status(&answer),
            Err(sent) => sent,
        }
    }
}

impl fmt::Debug for Teams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Teams");
        self.hook.show(&mut debug);
        debug.finish_non_exhaustive()
    }
}
