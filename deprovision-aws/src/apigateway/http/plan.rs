//! How an HTTP API is set, and what has to be written to set it. Pure.

use std::collections::BTreeMap;

use deprovision_core::observation::Observation;
use deprovision_core::provider::{Ability, ErrorKind, PathAbilities, PathState, ProviderError};
use deprovision_core::time::Timestamp;

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
        return Observation::complete(PathState::Open { notice: None }, now);
    };
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
    writes.extend(seen.ours.keys().map(|id| Write::DropIntegration {
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
    // What another state left behind, once no route leads there.
    let left = seen.ours.iter().filter(|(_, mark)| mark.state != *state);
    writes.extend(left.map(|(id, _)| Write::DropIntegration {
        integration: id.clone(),
    }));
    writes
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::apigateway::http::seen::StageSeen;
    use deprovision_core::provider::{GoneNotice, SunsetNotice};

    fn closed() -> PathState {
        PathState::Closed {
            notice: GoneNotice::new("Orders"),
        }
    }

    fn route(id: &str, key: &str, target: &str, authorization: &str) -> RouteSeen {
        RouteSeen {
            id: id.into(),
            key: key.into(),
            now: Aside {
                target: Some(target.into()),
                authorization: authorization.into(),
                authorizer: (authorization == "JWT").then(|| "a1".into()),
                scopes: Vec::new(),
            },
        }
    }

    fn api() -> Seen {
        Seen {
            api: "abc".into(),
            has_default_endpoint: true,
            stages: vec![StageSeen {
                name: "$default".into(),
                deploys_itself: true,
                trouble: None,
            }],
            routes: vec![
                route("r1", "GET /orders", "integrations/i1", "NONE"),
                route("r2", "POST /orders", "integrations/i1", "JWT"),
            ],
            ours: BTreeMap::new(),
            unreadable: Vec::new(),
        }
    }

    /// What AWS would hold after the writes.
    fn done(mut seen: Seen, writes: &[Write]) -> Seen {
        for write in writes {
            match write {
                Write::SetAside {
                    mark,
                    integration,
                    routes,
                } => {
                    let unused = |id: &String| !seen.ours.contains_key(id);
                    let mut names = (0..).map(|number| format!("ours{number}"));
                    let id = integration.clone().or_else(|| names.find(unused));
                    let id = id.unwrap();
                    let target = format!("integrations/{id}");
                    for changed in routes {
                        match changed {
                            Some(changed) => {
                                let it = seen.routes.iter_mut().find(|it| it.id == *changed);
                                it.unwrap().now = route("", "", &target, "NONE").now;
                            }
                            None => {
                                seen.routes
                                    .push(route("new", DEFAULT_ROUTE, &target, "NONE"));
                            }
                        }
                    }
                    seen.ours.insert(id, mark.clone());
                }
                Write::PutBack { route, before } => {
                    let it = seen.routes.iter_mut().find(|it| it.id == *route);
                    it.unwrap().now = before.clone();
                }
                Write::DropRoute { route } => seen.routes.retain(|it| it.id != *route),
                Write::DropIntegration { integration } => {
                    let target = format!("integrations/{integration}");
                    let used = |it: &RouteSeen| it.now.target.as_ref() == Some(&target);
                    assert!(!seen.routes.iter().any(used), "a route still leads there");
                    seen.ours.remove(integration);
                }
            }
        }
        seen
    }

    fn set(seen: Seen, state: &PathState) -> Seen {
        let writes = plan("set", &seen, state).unwrap();
        let seen = done(seen, &writes);
        assert_eq!(
            plan("set", &seen, state).unwrap(),
            [],
            "it is not absorbing"
        );
        let observed = judge(&seen, Timestamp::UNIX_EPOCH);
        assert_eq!(observed.known_completely(), Some(state));
        seen
    }

    #[test]
    fn a_closed_api_leads_every_call_to_the_backend_and_opens_as_it_was() {
        let closed_api = set(api(), &closed());
        assert_eq!(
            closed_api.routes.len(),
            3,
            "what fits no route is answered too"
        );
        let mut other = GoneNotice::new("Orders");
        other.successor = Some("https://api.example.com/v2".into());
        let again = set(closed_api, &PathState::Closed { notice: other });
        assert_eq!(set(again, &PathState::Open { notice: None }), api());
    }

    #[test]
    fn a_half_closed_api_is_unknown_and_can_be_finished_and_taken_back() {
        let writes = plan("set", &api(), &closed()).unwrap();
        for made in 1..writes.len() {
            let half = done(api(), &writes[..made]);
            let observed = judge(&half, Timestamp::UNIX_EPOCH);
            assert_eq!(observed.known_completely(), None, "{made} writes");
            set(half.clone(), &closed());
            assert_eq!(set(half, &PathState::Open { notice: None }), api());
        }
    }

    #[test]
    fn i_5_what_somebody_changed_is_not_closed() {
        let whole = set(api(), &closed());
        let mut guarded = whole.clone();
        guarded.routes[0].now.authorization = "AWS_IAM".into();
        let mut led_back = whole.clone();
        led_back.routes[0] = api().routes[0].clone();
        let mut by_hand = whole.clone();
        by_hand.stages[0].deploys_itself = false;
        let mut failed = whole.clone();
        failed.stages[0].trouble = Some("Deployment attempt failed".into());
        let mut no_default = whole;
        no_default.routes.retain(|route| route.key != DEFAULT_ROUTE);
        for changed in [guarded, led_back, by_hand, failed, no_default] {
            let observed = judge(&changed, Timestamp::UNIX_EPOCH);
            assert_eq!(observed.known_completely(), None, "{changed:?}");
        }
    }

    #[test]
    fn what_an_http_api_can_not_do_is_unsupported() {
        let notice = SunsetNotice::new(Timestamp::UNIX_EPOCH);
        let mut by_hand = api();
        by_hand.stages[0].deploys_itself = false;
        for (seen, state) in [
            (
                api(),
                PathState::Open {
                    notice: Some(notice),
                },
            ),
            (
                api(),
                PathState::BrownOut {
                    until: Timestamp::UNIX_EPOCH,
                    notice: None,
                },
            ),
            (by_hand, closed()),
        ] {
            let error = plan("set", &seen, &state).unwrap_err();
            assert_eq!(*error.kind(), ErrorKind::Unsupported, "{state:?}");
            // And it says so when a plan is made, in the same words.
            let said = abilities(&seen, Ok(())).lack(&state).map(str::to_owned);
            assert!(error.to_string().contains(&said.unwrap()), "{error}");
        }
        assert_eq!(abilities(&api(), Ok(())).lack(&closed()), None);
        let none = abilities(&api(), Err("nobody answers 410".to_owned()));
        assert_eq!(none.lack(&closed()), Some("nobody answers 410"));
    }
}
