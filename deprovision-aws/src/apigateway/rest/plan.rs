//! What has to be written so that a REST API is set as it should be. Pure: the same
//! API, state and moment give the same writes, and an API that is set so gives none.

use deprovision_core::provider::{
    Ability, ErrorKind, PathAbilities, PathState, ProviderError, SunsetNotice,
};
use deprovision_core::time::Timestamp;

use super::methods::{AnswerChange, MethodSeen, telling, untellable};
use super::options::NoticeBy;
use super::policy::Policy;
use super::responses::{self, Response, Responses};
use super::seen::{Before, Seen, StageSeen};
use crate::apigateway::mark::{Mark, Whose};
use crate::scope::Scope;

/// How far our clock may be ahead of AWS's, in seconds.
const SKEW_SECONDS: i64 = 300;

/// One write, in the order of the plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Write {
    Answer(AnswerChange),
    Policy(Policy),
    Response {
        kind: String,
        response: Response,
    },
    DropResponse {
        kind: String,
    },
    /// A new deployment of the definition, with a description or without, that stages
    /// are pointed to.
    Deploy {
        description: Option<String>,
        stages: Vec<String>,
    },
    Point {
        stage: String,
        deployment: String,
    },
}

/// What the plan depends on beside the API itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) operation: &'a str,
    pub(super) scope: &'a Scope,
    pub(super) state: &'a PathState,
    pub(super) notice_by: NoticeBy,
    pub(super) now: Timestamp,
}

/// The notice that a state tells while it serves.
pub(super) fn notice(state: &PathState) -> Option<&SunsetNotice> {
    match state {
        PathState::Open { notice } | PathState::BrownOut { notice, .. } => notice.as_ref(),
        PathState::Closed { .. } => None,
    }
}

/// Whether a state serves, now or later, out of a deployment of ours.
pub(super) fn serves_from_ours(state: &PathState) -> bool {
    match state {
        PathState::Open { notice } => notice.is_some(),
        PathState::BrownOut { .. } => true,
        PathState::Closed { .. } => false,
    }
}

/// What each stage served before we came.
pub(super) fn before(operation: &str, seen: &Seen) -> Result<Before, ProviderError> {
    let conflict = |why: String| ProviderError::new(ErrorKind::Conflict, operation, why);
    if seen.stages.is_empty() {
        return Err(conflict(
            "the API has no stage, so nobody can call it; deploy it or take it out of the catalog"
                .to_owned(),
        ));
    }
    let mut before = Before::new();
    for stage in &seen.stages {
        let name = &stage.name;
        if stage.has_canary {
            return Err(conflict(format!(
                "stage {name} sends a share of the calls to a canary; promote or remove it first"
            )));
        }
        let deployment = match &stage.whose {
            // Somebody deployed the definition with our statements in it.
            Whose::Theirs if holds_ours(seen, stage) => String::new(),
            Whose::Theirs => stage.deployment.clone(),
            Whose::Ours(mark) => mark.before.get(name).cloned().unwrap_or_default(),
            Whose::Unreadable => {
                return Err(conflict(format!(
                    "the description of deployment {} is ours but can not be read; point stage \
                     {name} to the deployment that it should serve",
                    stage.deployment
                )));
            }
        };
        before.insert(name.clone(), deployment);
    }
    Ok(before)
}

/// Whether a deployment of somebody else was made while our denial was defined.
fn holds_ours(seen: &Seen, stage: &StageSeen) -> bool {
    let denial = seen.policy.denial();
    denial.is_some_and(|denial| stage.created >= denial.since.saturating_sub(SKEW_SECONDS))
}

/// The policy that a state takes; `None` when it is there.
fn policy(wish: Wish<'_>, seen: &Seen) -> Option<Policy> {
    if is_policy_of(wish.scope, seen, wish.state) {
        return None;
    }
    let denial = seen.policy.denial();
    let since = denial.map_or_else(|| wish.now.as_second(), |denial| denial.since);
    Some(match wish.state {
        PathState::Open { .. } => seen.policy.without_ours(),
        PathState::BrownOut { until, .. } => seen.policy.denying(since, Some(*until), true),
        PathState::Closed { .. } => seen.policy.denying(since, None, false),
    })
}

/// Whether the definition's policy is that of a state.
fn is_policy_of(scope: &Scope, seen: &Seen, state: &PathState) -> bool {
    let denial = seen.policy.denial();
    let denial = denial.filter(|denial| denial.is_of(scope, &seen.api));
    match state {
        PathState::Open { .. } => !seen.policy.has_ours(),
        PathState::BrownOut { until, .. } => {
            denial.is_some_and(|it| it.until == Some(until.as_second()) && it.allows)
        }
        PathState::Closed { .. } => denial.is_some_and(|it| it.until.is_none() && !it.allows),
    }
}

/// Whether the definition is that of a state: its policy and its gateway responses.
pub(super) fn is_defined(
    operation: &str,
    scope: &Scope,
    seen: &Seen,
    state: &PathState,
) -> Result<bool, ProviderError> {
    let others = responses::of_others(&seen.responses);
    let answers = responses::answers_tell(&seen.responses);
    let wanted = responses::wanted(operation, &others, state, answers)?;
    Ok(is_policy_of(scope, seen, state) && wanted == seen.responses)
}

/// Refuses a brown-out that would not end by itself for everybody.
fn check_brown_out(
    wish: Wish<'_>,
    seen: &Seen,
    methods: &[MethodSeen],
) -> Result<(), ProviderError> {
    let PathState::BrownOut { .. } = wish.state else {
        return Ok(());
    };
    match never_ends(seen, methods) {
        None => Ok(()),
        Some(why) => Err(ProviderError::new(
            ErrorKind::Unsupported,
            wish.operation,
            why,
        )),
    }
}

/// Why a brown-out would not end by itself for everybody.
fn never_ends(seen: &Seen, methods: &[MethodSeen]) -> Option<String> {
    let guarded = methods.iter().find(|method| method.authorization != "NONE");
    let why = match guarded {
        _ if seen.policy.has_others() => "the API has a resource policy of its own".to_owned(),
        Some(method) => format!(
            "{} {} is guarded by {}",
            method.method, method.path, method.authorization
        ),
        None => return None,
    };
    Some(format!(
        "{why}: whom that turns away would be answered 410 even after the brown-out; leave \
         brown-outs out of the policy of this API, or do them in the backend"
    ))
}

/// What a REST API can, with the methods in the order of their names: the first that is
/// in the way is told.
pub(super) fn abilities(seen: &Seen, methods: &[MethodSeen], notice_by: NoticeBy) -> PathAbilities {
    let mut abilities = PathAbilities::all();
    let in_the_way = match notice_by {
        NoticeBy::Gateway => untellable(methods, responses::answers_tell(&seen.responses)),
        NoticeBy::Backend => None,
    };
    if let Some(why) = in_the_way {
        abilities.notice = Ability::can_not(why);
    }
    if let Some(why) = never_ends(seen, methods) {
        abilities.brown_out = Ability::can_not(why);
    }
    abilities
}

/// The writes. `methods` is needed for states that serve from a deployment of ours, and
/// where a notice of ours is on the answers.
pub(super) fn plan(
    wish: Wish<'_>,
    seen: &Seen,
    methods: &[MethodSeen],
) -> Result<Vec<Write>, ProviderError> {
    let before = before(wish.operation, seen)?;
    check_brown_out(wish, seen, methods)?;
    let others = responses::of_others(&seen.responses);
    let told = responses::answers_tell(&seen.responses);
    let notice = match wish.notice_by {
        NoticeBy::Gateway => notice(wish.state),
        NoticeBy::Backend => None,
    };
    let wanted = responses::wanted(wish.operation, &others, wish.state, notice.is_some())?;
    let answers = telling(wish.operation, methods, notice, told)?;
    let answers = answers.into_iter().map(Write::Answer);
    let policy = policy(wish, seen).map(Write::Policy);
    let responses = differences(&seen.responses, wanted);
    // The responses say that the headers on the answers are ours: they come first and
    // go last.
    let mut writes: Vec<Write> = if notice.is_some() {
        responses.into_iter().chain(answers).chain(policy).collect()
    } else {
        answers.chain(policy).chain(responses).collect()
    };
    match wish.state {
        PathState::Open { notice: None } => restore(seen, &before, &mut writes),
        PathState::Open { notice: Some(_) }
        | PathState::BrownOut { .. }
        | PathState::Closed { .. } => deploy(wish, seen, before, &mut writes)?,
    }
    Ok(writes)
}

fn differences(now: &Responses, wanted: Responses) -> Vec<Write> {
    let gone = now.keys().filter(|kind| !wanted.contains_key(*kind));
    let gone = gone.map(|kind| Write::DropResponse { kind: kind.clone() });
    let mut writes: Vec<Write> = gone.collect();
    writes.extend(
        wanted
            .into_iter()
            .filter(|(kind, response)| now.get(kind) != Some(response))
            .map(|(kind, response)| Write::Response { kind, response }),
    );
    writes
}

/// Points every stage back to what it served.
fn restore(seen: &Seen, before: &Before, writes: &mut Vec<Write>) {
    let mut anew = Vec::new();
    for stage in &seen.stages {
        match before.get(&stage.name).map(String::as_str) {
            None | Some("") => anew.push(stage.name.clone()),
            Some(deployment) if deployment != stage.deployment => writes.push(Write::Point {
                stage: stage.name.clone(),
                deployment: deployment.to_owned(),
            }),
            Some(_) => {}
        }
    }
    if !anew.is_empty() {
        writes.push(Write::Deploy {
            description: None,
            stages: anew,
        });
    }
}

/// Deploys the state to every stage that does not serve it.
fn deploy(
    wish: Wish<'_>,
    seen: &Seen,
    before: Before,
    writes: &mut Vec<Write>,
) -> Result<(), ProviderError> {
    let mark = Mark {
        state: wish.state.clone(),
        before,
    };
    let ours = |stage: &&StageSeen| stage.whose == Whose::Ours(mark.clone());
    let serving = seen.stages.iter().find(ours);
    let lacking = || seen.stages.iter().filter(|stage| !ours(stage));
    match serving {
        // The definition is as it was when that deployment was made.
        Some(serving) if writes.is_empty() => {
            writes.extend(lacking().map(|stage| Write::Point {
                stage: stage.name.clone(),
                deployment: serving.deployment.clone(),
            }));
        }
        Some(_) | None => writes.push(Write::Deploy {
            description: Some(mark.write(wish.operation)?),
            stages: seen.stages.iter().map(|stage| stage.name.clone()).collect(),
        }),
    }
    Ok(())
}
