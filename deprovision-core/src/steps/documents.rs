//! Marks documents deprecated, and later retired, as changes to review.

use async_trait::async_trait;

use super::Providers;
use super::common::{action, applied, document, not_applied};
use crate::id::StepId;
use crate::observation::Observation;
use crate::permit::WritePermit;
use crate::pipeline::ids;
use crate::plan::Action;
use crate::provider::{
    ChangeState, DocumentMark, EffectClass, Outcome, ProviderError, Reversibility,
};
use crate::retirement::Reading;
use crate::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};

macro_rules! marking {
    ($(#[$doc:meta])* $name:ident, $title:literal, $what:literal, $mark:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name {
            providers: Providers,
        }

        impl $name {
            /// The step over the providers' documents.
            #[must_use]
            pub fn new(providers: Providers) -> Self {
                Self { providers }
            }
        }

        #[async_trait]
        impl Step for $name {
            fn describe(&self) -> StepDescription {
                StepDescription::new($title, Reversibility::Reversible, EffectClass::Conditional)
            }

            async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
                plan(cx, $what)
            }

            async fn apply(
                &self,
                action: &Action,
                cx: &StepContext<'_>,
                authority: &WriteAuthority,
            ) -> Result<Outcome, ProviderError> {
                let id = document(action)?;
                let ports = self.providers.document(id.provider())?;
                ports.updater.mark(id, &$mark(cx), authority.permit()).await
            }

            async fn observe(
                &self,
                action: &Action,
                cx: &StepContext<'_>,
            ) -> Result<Observation<Reading>, ProviderError> {
                let id = document(action)?;
                let ports = self.providers.document(id.provider())?;
                let seen = ports.observer.document(id, &$mark(cx)).await?;
                Ok(seen.map(|state| forward(state.change)))
            }

            async fn undo(
                &self,
                action: &Action,
                cx: &StepContext<'_>,
                permit: &WritePermit,
            ) -> Result<Outcome, ProviderError> {
                let id = document(action)?;
                let ports = self.providers.document(id.provider())?;
                ports.updater.unmark(id, &$mark(cx), permit).await
            }

            async fn observe_undo(
                &self,
                action: &Action,
                cx: &StepContext<'_>,
            ) -> Result<Observation<Reading>, ProviderError> {
                let id = document(action)?;
                let ports = self.providers.document(id.provider())?;
                let seen = ports.observer.document(id, &$mark(cx)).await?;
                Ok(seen.map(|state| backward(state.change)))
            }
        }
    };
}

marking! {
    /// Proposes the change that marks every document deprecated.
    DeprecateDocuments,
    "mark the documents deprecated, as a change to review",
    "mark deprecated",
    deprecated
}

marking! {
    /// Proposes the change that marks every document retired.
    RetireDocuments,
    "mark the documents retired, as a change to review",
    "mark retired",
    retired
}

fn plan(cx: &StepContext<'_>, what: &str) -> Result<StepPlan, ProviderError> {
    let documents = cx.api.resources.documents.iter();
    let actions = documents.map(|id| action(cx, id.clone(), format!("{what} {}", id.name())));
    Ok(StepPlan::new(actions.collect::<Result<_, _>>()?))
}

fn deprecated(cx: &StepContext<'_>) -> DocumentMark {
    DocumentMark::Deprecated {
        api: cx.api.id.clone(),
        sunset: Some(cx.retirement.promised_end()),
        successor: cx.successor().map(|api| api.id.clone()),
    }
}

fn retired(cx: &StepContext<'_>) -> DocumentMark {
    // The path's closing is what callers saw; the mark must not move with the clock.
    let closed = StepId::parse(ids::CLOSE)
        .ok()
        .and_then(|close| cx.retirement.completed().get(&close).copied());
    DocumentMark::Retired {
        api: cx.api.id.clone(),
        retired_at: closed.unwrap_or_else(|| cx.retirement.promised_end()),
        successor: cx.successor().map(|api| api.id.clone()),
    }
}

/// How far a change has come on its way in.
pub(super) fn forward(change: ChangeState) -> Reading {
    match change {
        ChangeState::Absent => not_applied(serde_json::Value::Null),
        ChangeState::Proposed { at, left } if left.is_empty() => Reading::Pending {
            why: format!("{at} waits for its review"),
            look_again: None,
        },
        ChangeState::Proposed { at, left } => Reading::Pending {
            why: format!(
                "{at} waits for its review, and this for a person's hand: {}",
                left.join("; ")
            ),
            look_again: None,
        },
        // What is not there can be sent again: that puts it on top of what it conflicts with.
        ChangeState::Conflicting { at, why } => {
            not_applied(serde_json::json!({ "conflicting": at, "with": why }))
        }
        ChangeState::Unfinished { at, why } => {
            not_applied(serde_json::json!({ "unfinished": at, "missing": why }))
        }
        ChangeState::Declined { at } => Reading::Pending {
            why: format!("{at} was closed without being merged; reopen it, or call this off"),
            look_again: None,
        },
        ChangeState::Merged { at } => applied(format!("merged in {at}")),
        ChangeState::Reverting { at } => applied(format!("merged, though {at} would take it back")),
    }
}

/// How far a change has come on its way out again.
pub(super) fn backward(change: ChangeState) -> Reading {
    match change {
        ChangeState::Absent => not_applied(serde_json::Value::Null),
        ChangeState::Proposed { at, .. }
        | ChangeState::Conflicting { at, .. }
        | ChangeState::Unfinished { at, .. } => applied(format!("{at} is still proposed")),
        ChangeState::Declined { at } => not_applied(serde_json::json!({ "declined": at })),
        // Nothing takes it back yet: a wait would be for ever.
        ChangeState::Merged { at } => applied(format!("still merged in {at}")),
        ChangeState::Reverting { at } => Reading::Pending {
            why: format!("{at}, which takes back what was merged, waits for its review"),
            look_again: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_conflicts_or_is_unfinished_is_sent_again_and_what_a_person_closed_is_not() {
        let at = || "pull/1".to_owned();
        let conflicting = || ChangeState::Conflicting {
            at: at(),
            why: "main".to_owned(),
        };
        let declined = || ChangeState::Declined { at: at() };
        let unfinished = || ChangeState::Unfinished {
            at: at(),
            why: "its labels".to_owned(),
        };
        assert!(matches!(forward(conflicting()), Reading::NotApplied { .. }));
        assert!(matches!(forward(unfinished()), Reading::NotApplied { .. }));
        assert!(matches!(
            forward(declined()),
            Reading::Pending { why, .. } if why.contains("pull/1")
        ));
        // On the way out it is still there, and a closed one is not.
        assert!(matches!(backward(conflicting()), Reading::Applied { .. }));
        assert!(matches!(backward(unfinished()), Reading::Applied { .. }));
        assert!(matches!(backward(declined()), Reading::NotApplied { .. }));
    }
}
