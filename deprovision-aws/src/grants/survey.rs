//! Everything that lets somebody in to an API, and all that can not be told.

use std::collections::BTreeSet;

use deprovision_core::observation::Observation;
use deprovision_core::provider::{GrantsFound, ProviderError};
use deprovision_core::resource::GrantId;
use deprovision_core::time::Timestamp;
use serde_json::Value;

use crate::grants::account::{Account, AccountPolicy};
use crate::grants::footprint::Footprint;
use crate::grants::home::Standing;
use crate::grants::target::Target;
use crate::policy_language::{
    Document, Judgement, MAX_RESOURCES, Part, Place, StatementKey, judge,
};
use crate::scope::Scope;

/// What was found of an API in the policies of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GrantSurvey {
    /// Grants that name the API and nothing else. These are removed.
    pub naming: Vec<FoundGrant>,
    /// Statements that let somebody in to the API without naming it (`*`). They are
    /// never removed: others live from them. Narrow them, or let them stay for a while
    /// with [`Engine::waive`](deprovision_core::engine::Engine::waive).
    pub covering: Vec<FoundGrant>,
    /// Statements of which nobody can say whether they let anybody in to the API.
    pub undecided: Vec<FoundGrant>,
    /// Statements that were looked at and accepted. They still let somebody in.
    pub accepted: Vec<FoundGrant>,
    /// Permissions boundaries that name the API: they grant nothing, and are left.
    pub boundaries: Vec<FoundGrant>,
    /// What could not be read at all.
    pub unread: Vec<String>,
}

/// A statement that was found, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundGrant {
    /// Its name, bound to what it says.
    pub id: GrantId,
    /// The policy it stands in, for a person.
    pub policy: String,
    /// Who holds it, for a person.
    pub principal: String,
    /// Why it is listed where it is, for a person.
    pub why: String,
    /// Whether it holds under a condition only.
    pub conditional: bool,
    /// The whole statement.
    pub statement: Value,
}

impl GrantSurvey {
    /// What keeps the answer from being complete, for a person; short.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        const SHOWN: usize = 5;
        let open = self.covering.iter().chain(&self.undecided);
        let open: Vec<String> = open
            .map(|found| format!("{} ({}): {}", found.policy, found.why, found.id.name()))
            .collect();
        let all: Vec<&String> = open.iter().chain(&self.unread).collect();
        if all.is_empty() {
            return None;
        }
        let shown: Vec<String> = all
            .iter()
            .take(SHOWN)
            .map(|text| text.chars().take(400).collect())
            .collect();
        let more = all.len().saturating_sub(SHOWN);
        let more = if more == 0 {
            String::new()
        } else {
            format!("; and {more} more")
        };
        Some(format!(
            "{} statements may let somebody in without naming the API; look at them, and narrow \
             or waive them: {}{more}",
            all.len(),
            shown.join("; ")
        ))
    }
}

impl GrantSurvey {
    /// The survey as core asks for it: what can not be decided is listed with its id,
    /// so that it can be waived, and only what could not be read makes it partial.
    pub(crate) fn found(self, as_of: Timestamp) -> Observation<GrantsFound> {
        let naming = self.naming.into_iter().map(|found| found.id);
        let open = self.covering.into_iter().chain(self.undecided);
        let found = open.fold(GrantsFound::naming(naming), |all, open| {
            let why = format!("{} of {}: {}", open.policy, open.principal, open.why);
            all.undecided(open.id, why)
        });
        if self.unread.is_empty() {
            Observation::complete(found, as_of)
        } else {
            Observation::partial(found, as_of, self.unread.join("; "))
        }
    }
}

/// Puts a survey together from policies.
#[derive(Debug)]
pub(crate) struct Surveyor<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) footprint: &'a Footprint,
    pub(crate) accepted: &'a BTreeSet<GrantId>,
    pub(crate) survey: GrantSurvey,
}

impl Surveyor<'_> {
    /// Judges all identity policies of an account.
    pub(crate) fn account(&mut self, account: &Account) -> Result<(), ProviderError> {
        if account.holders == 0 {
            // Whoever asks is a user or a role.
            self.survey
                .unread
                .push("no user, group or role was seen, not even the one that asks".to_owned());
        }
        for (target, policy) in &account.policies {
            let place = match target {
                Target::Trust(_) => Place::Trust,
                Target::Managed(_) | Target::OfAws(_) | Target::Inline { .. } => Place::Identity,
                Target::Bucket(_)
                | Target::RestApi(_)
                | Target::Secret(_)
                | Target::Function(_) => Place::Shared,
            };
            match &policy.standing {
                Some(standing) => self.policy(target, standing, place, policy)?,
                None => self
                    .survey
                    .unread
                    .push(format!("{target} was listed without its document")),
            }
        }
        Ok(())
    }

    /// Judges one policy.
    pub(crate) fn policy(
        &mut self,
        target: &Target,
        standing: &Standing,
        place: Place,
        policy: &AccountPolicy,
    ) -> Result<(), ProviderError> {
        let document = match Document::parse(&standing.text) {
            Ok(document) => document,
            Err(why) => {
                self.survey
                    .unread
                    .push(format!("{target} can not be understood: {why}"));
                return Ok(());
            }
        };
        let mut seen = BTreeSet::new();
        for statement in document.statements() {
            let judgement = judge(statement, place, self.footprint.faces());
            if judgement.is_apart() {
                continue;
            }
            self.naming(target, standing, policy, statement, &judgement, &mut seen)?;
            if policy.held {
                self.open(target, standing, statement, &judgement)?;
            }
        }
        Ok(())
    }

    fn naming(
        &mut self,
        target: &Target,
        standing: &Standing,
        policy: &AccountPolicy,
        statement: &Value,
        judgement: &Judgement,
        seen: &mut BTreeSet<GrantId>,
    ) -> Result<(), ProviderError> {
        let parts: Vec<&[String]> = match &judgement.naming {
            Part::Nothing => Vec::new(),
            Part::Whole => vec![&[]],
            Part::Resources(resources) => resources.chunks(MAX_RESOURCES).collect(),
        };
        for resources in parts {
            let why = if resources.is_empty() {
                "it is for this API alone".to_owned()
            } else {
                format!("names {}", resources.join(", "))
            };
            let found = self.found(target, standing, statement, resources, why, judgement)?;
            // The same statement twice in a policy is one grant.
            if !seen.insert(found.id.clone()) {
                continue;
            }
            match target {
                _ if self.accepted.contains(&found.id) => self.survey.accepted.push(found),
                Target::OfAws(_) => self.survey.undecided.push(found),
                _ if policy.bounds && !policy.held => self.survey.boundaries.push(found),
                _ => self.survey.naming.push(found),
            }
        }
        Ok(())
    }

    fn open(
        &mut self,
        target: &Target,
        standing: &Standing,
        statement: &Value,
        judgement: &Judgement,
    ) -> Result<(), ProviderError> {
        for resources in judgement.covering.chunks(MAX_RESOURCES) {
            let why = format!(
                "{} covers it by {}",
                standing.principal,
                resources.join(", ")
            );
            let found = self.found(target, standing, statement, resources, why, judgement)?;
            if self.accepted.contains(&found.id) {
                self.survey.accepted.push(found);
            } else {
                self.survey.covering.push(found);
            }
        }
        if let Some(why) = &judgement.undecided {
            let why = format!("{}: {why}", standing.principal);
            let found = self.found(target, standing, statement, &[], why, judgement)?;
            if self.accepted.contains(&found.id) {
                self.survey.accepted.push(found);
            } else {
                self.survey.undecided.push(found);
            }
        }
        Ok(())
    }

    fn found(
        &self,
        target: &Target,
        standing: &Standing,
        statement: &Value,
        resources: &[String],
        why: String,
        judgement: &Judgement,
    ) -> Result<FoundGrant, ProviderError> {
        let key = StatementKey::of(statement, resources).or_else(|| {
            // What is no object still has a digest, so that it can be accepted.
            StatementKey::of(&serde_json::json!({ "not a statement": statement }), &[])
        });
        let key = key.ok_or_else(|| {
            crate::error::invalid(
                "name a grant",
                format!("a statement of the {target} has no canonical form"),
            )
        })?;
        Ok(FoundGrant {
            id: target.grant(self.scope, &key)?,
            policy: target.to_string(),
            principal: standing.principal.clone(),
            why,
            conditional: judgement.conditional,
            statement: statement.clone(),
        })
    }
}

/// The users for whom everything that their policies allow names the API alone, and the
/// users of whom that can not be told.
pub(crate) fn users_only_of(
    account: &Account,
    footprint: &Footprint,
) -> (Vec<String>, Vec<String>) {
    let (mut only, mut unclear) = (Vec::new(), Vec::new());
    for (user, policies) in &account.users {
        match policies
            .iter()
            .map(|target| one_policy(account, target, footprint))
            .fold(Some(None), both)
        {
            Some(Some(true)) => only.push(user.clone()),
            Some(Some(false) | None) => {}
            None => unclear.push(user.clone()),
        }
    }
    (only, unclear)
}

/// `None`: can not be told. `Some(None)`: allows nothing. Else whether all that it allows
/// names the API alone.
type Alone = Option<Option<bool>>;

fn both(one: Alone, other: Alone) -> Alone {
    match (one, other) {
        // Whatever else is not clear: this one is for something else too.
        (Some(Some(false)), _) | (_, Some(Some(false))) => Some(Some(false)),
        (None, _) | (_, None) => None,
        (Some(None), other) => Some(other?),
        (one, Some(None)) => one,
        (Some(Some(true)), Some(Some(true))) => Some(Some(true)),
    }
}

fn one_policy(account: &Account, target: &Target, footprint: &Footprint) -> Alone {
    let standing = account.policies.get(target)?.standing.as_ref()?;
    let document = Document::parse(&standing.text).ok()?;
    let statements = document.statements().iter();
    statements
        .map(|statement| one_statement(statement, footprint))
        .fold(Some(None), both)
}

fn one_statement(statement: &Value, footprint: &Footprint) -> Alone {
    if statement.get("Effect").and_then(Value::as_str) == Some("Deny") {
        return Some(None);
    }
    let judgement = judge(statement, Place::Identity, footprint.faces());
    if judgement.undecided.is_some() {
        return None;
    }
    let all = crate::policy_language::resources(statement);
    Some(Some(match judgement.naming {
        Part::Nothing => false,
        Part::Whole => true,
        Part::Resources(named) => all.iter().all(|resource| named.contains(resource)),
    }))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn for_something_else_beats_unclear_and_unclear_beats_alone() {
        assert_eq!(both(Some(None), Some(Some(true))), Some(Some(true)));
        assert_eq!(both(Some(Some(true)), None), None);
        assert_eq!(both(None, Some(Some(false))), Some(Some(false)));
        assert_eq!(both(Some(None), Some(None)), Some(None));
        assert_eq!(both(Some(None), None), None);
    }
}
