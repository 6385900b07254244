//! Everybody who has to be told that an API goes.

use std::collections::BTreeMap;

use super::Announce;
use super::recipient::Recipient;
use crate::catalog::Contact;
use crate::id::{CallerId, PersonId};
use crate::observation::Observation;
use crate::provider::{CallFacts, ErrorKind, ProviderError, RoleFacts, error_chain};
use crate::step::StepContext;
use crate::usage::CallerUse;

/// Who is told, and who and what is missing from it.
pub(super) struct Recipients {
    pub(super) people: BTreeMap<PersonId, Recipient>,
    /// Who called lately and has no contact.
    pub(super) strangers: Vec<CallerId>,
    pub(super) gaps: Vec<String>,
}

impl Announce {
    /// Everybody who has to be told, who called and can not be told, and what could not
    /// be seen.
    pub(super) async fn recipients(
        &self,
        cx: &StepContext<'_>,
    ) -> Result<Recipients, ProviderError> {
        let api = cx.api;
        let mut people: BTreeMap<PersonId, Recipient> = BTreeMap::new();
        let (mut strangers, mut gaps) = (Vec::new(), Vec::new());
        if let Some(owner) = &api.owner {
            told(&mut people, owner).responsible(RoleFacts::owner());
        }
        for stakeholder in &api.stakeholders {
            let role = RoleFacts::stakeholder(&stakeholder.role);
            told(&mut people, &stakeholder.contact).responsible(role);
        }
        for resolver in self.providers.owners() {
            let owners = resolver.owners(&api.id).await?;
            for owner in all(&owners, "find out who owns it", &mut gaps)? {
                told(&mut people, owner).responsible(RoleFacts::owner());
            }
            let dependents = resolver.dependents(api).await?;
            for contact in all(&dependents, "find out whose code names it", &mut gaps)? {
                told(&mut people, contact).add(RoleFacts::code(), None);
            }
        }
        for (caller, contact) in &api.consumers {
            let role = RoleFacts::consumer(caller);
            told(&mut people, contact).add(role, None);
        }
        for source in cx.usage {
            if let Some(doubt) = source.doubt() {
                gaps.push(format!(
                    "who called lately is not known completely: {doubt}"
                ));
            }
        }
        for used in callers(cx) {
            let caller = &used.caller;
            if let Some(contact) = api.consumers.get(caller) {
                let role = RoleFacts::consumer(caller);
                told(&mut people, contact).add(role, Some(calls(used)));
                continue;
            }
            let contacts = self.behind(cx, caller, &mut gaps).await?;
            if contacts.is_empty() {
                strangers.push(caller.clone());
            }
            for contact in &contacts {
                let role = RoleFacts::caller(caller);
                told(&mut people, contact).add(role, Some(calls(used)));
            }
        }
        Ok(Recipients {
            people,
            strangers,
            gaps,
        })
    }

    /// Who calls, as far as it can be seen: somebody whom nobody knows, or of whom it can
    /// not be found out now, keeps the others from nothing.
    pub(super) async fn calling(&self, cx: &StepContext<'_>) -> BTreeMap<PersonId, Recipient> {
        let mut people = BTreeMap::new();
        for used in callers(cx) {
            let caller = &used.caller;
            let (role, contacts) = match cx.api.consumers.get(caller) {
                Some(contact) => (RoleFacts::consumer(caller), vec![contact.clone()]),
                None => {
                    let found = self.behind(cx, caller, &mut Vec::new()).await;
                    let found = found.unwrap_or_else(|error| {
                        let error = error_chain(&error);
                        tracing::warn!(%caller, error, "who is behind it can not be found out");
                        Vec::new()
                    });
                    (RoleFacts::caller(caller), found)
                }
            };
            for contact in &contacts {
                told(&mut people, contact).add(role.clone(), Some(calls(used)));
            }
        }
        people
    }

    async fn behind(
        &self,
        cx: &StepContext<'_>,
        caller: &CallerId,
        gaps: &mut Vec<String>,
    ) -> Result<Vec<Contact>, ProviderError> {
        let mut contacts = Vec::new();
        for resolver in self.providers.owners() {
            let seen = resolver.consumer(&cx.api.id, caller).await?;
            let found = all(&seen, &format!("find out who is behind {caller}"), gaps)?;
            contacts.extend(found.iter().cloned());
        }
        Ok(contacts)
    }
}

/// Who was seen to call.
fn callers<'a>(cx: &'a StepContext<'_>) -> impl Iterator<Item = &'a CallerUse> {
    let seen = cx.usage.iter().filter_map(|source| match source {
        Observation::Known { value, .. } => Some(&value.callers),
        Observation::Unknown { .. } => None,
    });
    seen.flatten()
}

/// The one entry of a person.
fn told<'a>(people: &'a mut BTreeMap<PersonId, Recipient>, to: &Contact) -> &'a mut Recipient {
    let person = people.entry(to.person.clone());
    person.or_insert_with(|| Recipient::new(to.clone()))
}

fn calls(used: &CallerUse) -> CallFacts {
    let mut calls = CallFacts::new(used.caller.clone(), used.requests, used.last_seen);
    calls.routes.clone_from(&used.routes);
    calls
}

/// Everybody who was found: whoever is not seen can not be told (invariant I-22).
fn all<'a>(
    seen: &'a Observation<Vec<Contact>>,
    operation: &str,
    gaps: &mut Vec<String>,
) -> Result<&'a [Contact], ProviderError> {
    if let (Some(doubt), Observation::Known { .. }) = (seen.doubt(), seen) {
        gaps.push(format!("{operation}: {doubt}"));
    }
    match seen {
        Observation::Known { value, .. } => Ok(value),
        Observation::Unknown { why } => {
            Err(ProviderError::new(ErrorKind::Transient, operation, why))
        }
    }
}

/// A caller whom nobody can tell: an error, but in an emergency a note.
pub(super) fn unreachable(
    cx: &StepContext<'_>,
    caller: &CallerId,
) -> Result<String, ProviderError> {
    let why = format!("{caller} called lately and has no contact");
    if cx.policy().emergency {
        return Ok(why);
    }
    let next = format!(
        "[I-22] {why}; name one in `consumers` of {} in the catalog, or plug in an owner resolver",
        cx.api.id
    );
    Err(ProviderError::new(
        ErrorKind::Invalid,
        "find whom to tell",
        next,
    ))
}
