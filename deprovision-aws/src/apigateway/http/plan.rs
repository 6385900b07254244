//! How an HTTP API is set, and what has to be written to set it. Pure.

use std::collections::BTreeMap;

use deprovision_core::observation::Observation;
use deprovision_core::provider::{Ability, ErrorKind, PathAbilities, PathState, ProviderError};
use deprovision_core::time::Timestamp;

use super::cors::Cors;
use super::seen::{Aside, RouteSeen, Seen};
use crate::apigateway::mark::Mark;

/// The route that takes what no other takes.
pub(super) const DEFAULT_ROUTE: &str = "$default";

/// One write, in the order of the plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Write {
    /// Leads routes to an integration of ours, which is made when there is none. A
    /// route without an id is made as [`DEFAULT_ROUTE`].
    SetAside {
        mark: Mark<Aside>,
        integration: Option<String>,
        routes: Vec<Option<String>>,
    },
    PutBack {
        route: String,
        before: Aside,
    },
    DropRoute {
        route: String,
    },
    KeepCors {
        cors: Cors,
    },
    RemoveCors,
    PutCorsBack {
        cors: Cors,
    },
    DropIntegration {
        integration: String,
    },
}

/// What an API says of itself. Closed is only what is closed on every route and every
/// stage.
pub(super) fn judge(seen: &Seen, now: Timestamp) -> Observation<PathState> {
    if let Some(integration) = seen.unreadable.first() {
        return Observation::unknown(format!(
            "the description of integration {integration} can not be read"
        ));
    }
    if seen.stages.is_empty() {
        return Observation::unknown("the API has no stage");
    }
    let mut states = seen.routes.iter().map(|route| state_of(seen, route));
    let Some(first) = states.next() else {
        return Observation::unknown("the API has no route");
    };
    if states.any(|other| other != first) {
        return Observation::unknown("not all routes are set alike");
    }
    let Some(state) = first else {
        if seen.cors.is_none() && !seen.kept_cors.is_empty() {
            return Observation::unknown("the API's CORS was taken away and is not put back");
        }
        return Observation::complete(PathState::Open { notice: None }, now);
    };
    if seen.cors.is_some() {
        return Observation::unknown(
            "API Gateway answers preflight requests (OPTIONS) by itself, since CORS is configured",
        );
    }
    if !seen.routes.iter().any(|route| route.key == DEFAULT_ROUTE) {
        return Observation::unknown("calls that fit no route are not answered 410");
    }
    let closed_to_all = seen
        .routes
        .iter()
        .all(|route| route.now.authorization == "NONE");
    if !closed_to_all {
        return Observation::unknown("an authorizer answers before the backend does");
    }
    for stage in &seen.stages {
        let name = &stage.name;
        if !stage.deploys_itself {
            return Observation::unknown(format!(
                "stage {name} does not deploy changes by itself, so it is not known what it serves"
            ));
        }
        if let Some(trouble) = &stage.trouble {
            return Observation::unknown(format!("stage {name} was not deployed: {trouble}"));
        }
    }
    Observation::complete(state.clone(), now)
}

fn state_of<'a>(seen: &'a Seen, route: &RouteSeen) -> Option<&'a PathState> {
    let mark = seen.ours.get(route.integration()?)?;
    Some(&mark.state)
}

/// What a route had before we came.
fn before(seen: &Seen, route: &RouteSeen) -> Aside {
    let ours = route.integration().and_then(|id| seen.ours.get(id));
    ours.map_or_else(|| route.now.clone(), |mark| mark.before.clone())
}

/// Why no HTTP API sends the headers of a notice.
const NO_NOTICE: &str = "an HTTP API puts headers only on answers with a status that is named \
    one by one; let the backend send Deprecation, Sunset and Link (the layer of \
    deprovision-http does)";

/// Why no HTTP API browns out.
const NO_BROWN_OUT: &str = "an HTTP API knows nothing that ends by itself; leave brown-outs out \
    of the policy of this API, or do them in the backend";

/// What keeps every change from being served.
fn by_hand(seen: &Seen) -> Option<String> {
    let stage = seen.stages.iter().find(|stage| !stage.deploys_itself)?;
    Some(format!(
        "stage {} does not deploy changes by itself; turn on its automatic deployment",
        stage.name
    ))
}

/// What an HTTP API can, with a backend that answers 410 or without (and why then not).
pub(super) fn abilities(seen: &Seen, gone: Result<(), String>) -> PathAbilities {
    let mut abilities = PathAbilities::all();
    abilities.notice = Ability::can_not(NO_NOTICE);
    abilities.brown_out = Ability::can_not(NO_BROWN_OUT);
    if let Some(why) = by_hand(seen).or(gone.err()) {
        abilities.close = Ability::can_not(why);
    }
    abilities
}

/// The writes.
pub(super) fn plan(
    operation: &str,
    seen: &Seen,
    state: &PathState,
) -> Result<Vec<Write>, ProviderError> {
    let refused = |kind, why: String| Err(ProviderError::new(kind, operation, why));
    if let Some(integration) = seen.unreadable.first() {
        let why = format!(
            "the description of integration {integration} is ours but can not be read; put its \
             routes back by hand and delete it"
        );
        return refused(ErrorKind::Conflict, why);
    }
    if let Some(why) = by_hand(seen) {
        return refused(ErrorKind::Unsupported, why);
    }
    if seen.stages.is_empty() || seen.routes.is_empty() {
        let why = "the API has no stage or no route, so nobody can call it".to_owned();
        return refused(ErrorKind::Conflict, why);
    }
    match state {
        PathState::Open { notice: None } => Ok(open(seen)),
        PathState::Closed { .. } => Ok(close(seen, state)),
        PathState::Open { notice: Some(_) } => {
            refused(ErrorKind::Unsupported, NO_NOTICE.to_owned())
        }
        PathState::BrownOut { .. } => refused(ErrorKind::Unsupported, NO_BROWN_OUT.to_owned()),
    }
}

fn open(seen: &Seen) -> Vec<Write> {
    let mut writes = Vec::new();
    for route in &seen.routes {
        let ours = route.integration().and_then(|id| seen.ours.get(id));
        let id = route.id.clone();
        match ours.map(|mark| &mark.before) {
            None => {}
            Some(Aside { target: None, .. }) => writes.push(Write::DropRoute { route: id }),
            Some(before) => writes.push(Write::PutBack {
                route: id,
                before: before.clone(),
            }),
        }
    }
    // What somebody configured meanwhile is newer than what is kept.
    let kept = seen.kept_cors.values().next();
    if let (None, Some(cors)) = (&seen.cors, kept) {
        writes.push(Write::PutCorsBack { cors: cors.clone() });
    }
    let left = seen.ours.keys().chain(seen.kept_cors.keys());
    writes.extend(left.map(|id| Write::DropIntegration {
        integration: id.clone(),
    }));
    writes
}

fn close(seen: &Seen, state: &PathState) -> Vec<Write> {
    let mut groups: BTreeMap<Aside, Vec<Option<String>>> = BTreeMap::new();
    for route in &seen.routes {
        if state_of(seen, route) != Some(state) || route.now.authorization != "NONE" {
            let routes = groups.entry(before(seen, route)).or_default();
            routes.push(Some(route.id.clone()));
        }
    }
    if !seen.routes.iter().any(|route| route.key == DEFAULT_ROUTE) {
        let ours = Aside {
            target: None,
            authorization: "NONE".to_owned(),
            authorizer: None,
            scopes: Vec::new(),
        };
        groups.entry(ours).or_default().push(None);
    }
    let mut writes: Vec<Write> = Vec::new();
    for (before, routes) in groups {
        let mark = Mark {
            state: state.clone(),
            before,
        };
        let there = seen.ours.iter().find(|(_, theirs)| **theirs == mark);
        writes.push(Write::SetAside {
            integration: there.map(|(id, _)| id.clone()),
            mark,
            routes,
        });
    }
    if let Some(cors) = &seen.cors {
        let older = seen.kept_cors.iter().filter(|(_, kept)| *kept != cors);
        writes.extend(older.map(|(id, _)| Write::DropIntegration {
            integration: id.clone(),
        }));
        if !seen.kept_cors.values().any(|kept| kept == cors) {
            writes.push(Write::KeepCors { cors: cors.clone() });
        }
        writes.push(Write::RemoveCors);
    }
    // What another state left behind, once no route leads there.
    let left = seen.ours.iter().filter(|(_, mark)| mark.state != *state);
    writes.extend(left.map(|(id, _)| Write::DropIntegration {
        integration: id.clone(),
    }));
    writes
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod unit;
