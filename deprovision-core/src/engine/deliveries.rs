//! Looking what became of notices.

use futures_util::StreamExt;

use crate::engine::drive::Round;
use crate::engine::stream::Stream;
use crate::engine::telling::{AT_ONCE, announcing};
use crate::engine::{Engine, EngineError};
use crate::journal::{Actor, Lease};
use crate::observation::Observation;
use crate::pipeline::StepSpec;
use crate::provider::{Delivery, ProviderError};
use crate::resource::NoticeId;
use crate::retirement::{Command, Undelivered};
use crate::step::Teller;
use crate::time::Timestamp;

/// What is known of one notice.
enum Seen {
    Delivered,
    /// It did not arrive, or nobody will ever know.
    Not(String),
    /// Not yet, and not before that moment where it is known.
    Open(Option<Timestamp>),
}

impl Engine {
    /// Asks what became of the notices that are awaited, and notes it.
    pub(super) async fn see_deliveries(
        &self,
        stream: &mut Stream,
        lease: &Lease,
        actor: &Actor,
    ) -> Result<Round, EngineError> {
        let (mut delivered, mut undelivered) = (Vec::new(), Vec::new());
        let mut open = Vec::new();
        let spec = announcing(stream)?;
        let step = spec.as_ref().map(|spec| self.step(&spec.id)).transpose()?;
        if let Some((spec, teller)) = spec.as_ref().zip(step.and_then(|step| step.teller())) {
            let awaited: Vec<NoticeId> = stream.state.awaited().cloned().collect();
            let looks = awaited.into_iter().map(|notice| async move {
                let seen = one(teller, spec, &notice).await;
                (notice, seen)
            });
            let looks = futures_util::stream::iter(looks).buffered(AT_ONCE);
            let looks = looks.collect::<Vec<(NoticeId, Seen)>>();
            for (notice, seen) in self.looking(lease, looks).await {
                match seen {
                    Seen::Delivered => delivered.push(notice),
                    Seen::Not(why) => undelivered.push(Undelivered::new(notice, why)),
                    Seen::Open(until) => open.push(until),
                }
            }
        }
        // The first that can arrive; unknown as soon as it is of one of them.
        let not_before = open.into_iter().min().flatten();
        let command = Command::RecordDeliveries {
            delivered,
            undelivered,
            not_before,
        };
        self.give(stream, lease, actor, command).await
    }
}

async fn one(teller: &dyn Teller, spec: &StepSpec, notice: &NoticeId) -> Seen {
    let limit = spec.call_timeout.to_duration();
    match tokio::time::timeout(limit, teller.delivery(notice)).await {
        Ok(Ok(seen)) => of(seen),
        // Whoever can not be asked now is asked again.
        Ok(Err(error)) => later(notice, &error),
        Err(_elapsed) => Seen::Open(None),
    }
}

fn later(notice: &NoticeId, error: &ProviderError) -> Seen {
    tracing::debug!(%notice, %error, "what became of a notice could not be asked");
    Seen::Open(None)
}

fn of(seen: Observation<Delivery>) -> Seen {
    match seen.known_completely() {
        Some(Delivery::Delivered { .. }) => Seen::Delivered,
        Some(Delivery::Bounced { why }) => Seen::Not(format!("it bounced: {why}")),
        Some(Delivery::Unsure { why }) => {
            Seen::Not(format!("nobody can tell whether it arrived: {why}"))
        }
        Some(Delivery::NotSent) => {
            Seen::Not("it was never sent, or taken back before it went".to_owned())
        }
        Some(Delivery::Pending { until }) => Seen::Open(*until),
        None => Seen::Open(None),
    }
}
