//! Who is told, why, and what there is to tell them.

use serde::{Deserialize, Serialize};

use crate::catalog::{Contact, Route};
use crate::provider::{CallFacts, NoticeFacts, SuccessorFacts};
use crate::step::StepContext;

/// To whom a notice goes, and why. It is planned, so that a notice that is sent again
/// says the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipient {
    pub(super) to: Contact,
    roles: Vec<String>,
    /// Their own calls, when the plan was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    calls: Vec<CallFacts>,
}

impl Recipient {
    pub(super) fn new(to: Contact) -> Self {
        Self {
            to,
            roles: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// One more reason to tell them: a person is told once, whatever the number.
    pub(super) fn add(&mut self, role: String, calls: Option<CallFacts>) {
        if !self.roles.contains(&role) {
            self.roles.push(role);
        }
        let Some(calls) = calls else { return };
        let known = self.calls.iter_mut().find(|c| c.caller == calls.caller);
        match known {
            // Two sources may have seen the same calls: added up they could be twice too many.
            Some(known) => {
                known.requests = known.requests.max(calls.requests);
                known.last_seen = known.last_seen.max(calls.last_seen);
            }
            None => self.calls.push(calls),
        }
    }

    pub(super) fn roles(&self) -> String {
        self.roles.join(", ")
    }

    /// What they are told of the retirement as it stands.
    pub(super) fn facts(&self, cx: &StepContext<'_>) -> NoticeFacts {
        let api = cx.api;
        let mut facts = NoticeFacts::new(api.id.clone(), &api.title);
        facts.retirement = Some(cx.id.clone());
        cx.retirement.reason().clone_into(&mut facts.reason);
        facts.roles.clone_from(&self.roles);
        facts.ends = Some(cx.retirement.promised_end());
        facts.successor = cx
            .successor()
            .map(|next| SuccessorFacts::new(next.id.clone(), &next.title, next.url.clone()));
        facts.documentation.clone_from(&api.documentation);
        facts.routes = api.routes.iter().map(route).collect();
        facts.calls.clone_from(&self.calls);
        facts
    }
}

fn route(route: &Route) -> String {
    format!("{} {}", route.method.name(), route.path)
}
