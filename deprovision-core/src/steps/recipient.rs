//! Who is told, why, and what there is to tell them.

use serde::{Deserialize, Serialize};

use crate::catalog::{Contact, Route};
use crate::id::StepId;
use crate::pipeline::{StepSpec, ids};
use crate::provider::{
    ApprovalFacts, BrownOutFacts, CallFacts, FindingFacts, NoticeFacts, NoticeStage, RoleFacts,
    SuccessorFacts,
};
use crate::resource::ResourceRef;
use crate::step::StepContext;

/// To whom a notice goes, and why. It is planned, so that a notice that is sent again
/// says the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipient {
    pub(super) to: Contact,
    roles: Vec<RoleFacts>,
    /// Whether they are its owner or a stakeholder.
    #[serde(default)]
    answers_for_it: bool,
    /// Their own calls, when the plan was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    calls: Vec<CallFacts>,
}

impl Recipient {
    pub(super) fn new(to: Contact) -> Self {
        Self {
            to,
            roles: Vec::new(),
            answers_for_it: false,
            calls: Vec::new(),
        }
    }

    /// That they are its owner or a stakeholder.
    pub(super) fn responsible(&mut self, role: RoleFacts) {
        self.answers_for_it = true;
        self.add(role, None);
    }

    /// One more reason to tell them: a person is told once, whatever the number.
    pub(super) fn add(&mut self, role: RoleFacts, calls: Option<CallFacts>) {
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
                if known.routes.is_empty() {
                    known.routes = calls.routes;
                }
            }
            None => self.calls.push(calls),
        }
    }

    /// Takes over the calls of the same person as they are now; whether there are any.
    pub(super) fn calls_now(&mut self, now: &Self) -> bool {
        self.calls.clone_from(&now.calls);
        !self.calls.is_empty()
    }

    /// Whether they are its owner or a stakeholder, and not only somebody who calls it.
    pub(super) fn answers_for_it(&self) -> bool {
        self.answers_for_it
    }

    pub(super) fn roles(&self) -> String {
        let roles: Vec<&str> = self.roles.iter().map(|role| role.text.as_str()).collect();
        roles.join(", ")
    }

    /// What they are told of a stage, which may be that a plan's step is near.
    pub(super) fn facts_at(&self, stage: NoticeStage, cx: &StepContext<'_>) -> NoticeFacts {
        let mut facts = self.facts(cx);
        let state = cx.retirement;
        match stage {
            NoticeStage::BrownOut { number } => {
                let name = format!("{}-{number}", ids::BROWN_OUT);
                let mut steps = state.pipeline().steps().iter();
                let begins = steps
                    .find(|step| step.id.as_str() == name)
                    .and_then(|step| state.begins_at(step));
                let index = usize::try_from(number).unwrap_or(usize::MAX);
                let length = state.policy().brown_outs.get(index.saturating_sub(1));
                facts.brown_out = begins
                    .zip(length)
                    .map(|(at, lasts)| BrownOutFacts::new(at, *lasts));
            }
            NoticeStage::Retired => {
                facts.certificate = state.certificate().map(|digest| digest.to_string());
            }
            NoticeStage::Approval { .. } => facts.approval = approval(stage, cx),
            NoticeStage::Drift => {
                let found = state.drift().iter();
                facts.findings = found.map(|what| FindingFacts::new("drift", what)).collect();
            }
            _ => {}
        }
        facts
    }

    /// What they are told of the retirement as it stands.
    pub(super) fn facts(&self, cx: &StepContext<'_>) -> NoticeFacts {
        let api = cx.api;
        let mut facts = NoticeFacts::new(api.id.clone(), &api.title);
        facts.retirement = Some(cx.id.clone());
        cx.retirement.reason().clone_into(&mut facts.reason);
        facts.roles.clone_from(&self.roles);
        facts.ends = Some(cx.retirement.promised_end());
        facts.moved = cx.retirement.moved();
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

/// What somebody is asked to approve: the actions of the plan, or of the step.
fn approval(stage: NoticeStage, cx: &StepContext<'_>) -> Option<ApprovalFacts> {
    let state = cx.retirement;
    let (plan, digest) = state.plan()?;
    let step = state.asked_for(stage)?;
    let mut facts = ApprovalFacts::new(digest.to_string(), state.policy().approval_expiry);
    facts.step = step.map(|step| step.title.clone());
    let of_it = |id: &StepId| step.is_none_or(|step| step.id == *id);
    let for_good = |id: &StepId| {
        let spec = state.pipeline().step(id);
        spec.is_some_and(StepSpec::is_irreversible)
    };
    let actions = plan.all().filter(|(id, _)| of_it(id));
    let (letters, mut others): (Vec<_>, Vec<_>) =
        actions.partition(|(_, action)| matches!(action.target, ResourceRef::Notice(_)));
    // What nothing brings back is read first, and nobody has to read whom it is told to.
    others.sort_by_key(|(id, _)| !for_good(id));
    let lines = others.into_iter().map(|(id, action)| match for_good(id) {
        true => format!("{}, for good", action.summary),
        false => action.summary.clone(),
    });
    let mut lines: Vec<String> = lines.collect();
    match letters.len() {
        0 => {}
        1 => lines.push("tell 1 person".to_owned()),
        many => lines.push(format!("tell {many} people")),
    }
    facts.count = lines.len() as u64;
    facts.actions = lines.into_iter().take(ApprovalFacts::LISTED).collect();
    Some(facts)
}
