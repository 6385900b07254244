//! What is planned, done and seen again, without AWS.

use super::*;
use crate::apigateway::http::cors::unit::cors;
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
        cors: Some(cors("https://shop.example.com")),
        ours: BTreeMap::new(),
        kept_cors: BTreeMap::new(),
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
            Write::KeepCors { cors } => {
                let id = format!("cors{}", seen.kept_cors.len());
                seen.kept_cors.insert(id, cors.clone());
            }
            Write::RemoveCors => {
                let is_kept = seen
                    .kept_cors
                    .values()
                    .any(|it| Some(it) == seen.cors.as_ref());
                assert!(is_kept, "it is nowhere else");
                seen.cors = None;
            }
            Write::PutCorsBack { cors } => seen.cors = Some(cors.clone()),
            Write::DropIntegration { integration } => {
                let target = format!("integrations/{integration}");
                let used = |it: &RouteSeen| it.now.target.as_ref() == Some(&target);
                assert!(!seen.routes.iter().any(used), "a route still leads there");
                seen.ours.remove(integration);
                seen.kept_cors.remove(integration);
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
    let open = PathState::Open { notice: None };
    let whole = set(api(), &closed());
    let writes = plan("set", &whole, &open).unwrap();
    for made in 1..writes.len() {
        let half = done(whole.clone(), &writes[..made]);
        let observed = judge(&half, Timestamp::UNIX_EPOCH);
        assert_ne!(
            observed.known_completely(),
            Some(&closed()),
            "{made} writes"
        );
        set(half.clone(), &closed());
        assert_eq!(set(half, &open), api());
    }
}

#[test]
fn i_5_an_api_that_answers_preflights_by_itself_is_not_closed() {
    let mut again = set(api(), &closed());
    assert_eq!(again.cors, None);
    again.cors = Some(cors("https://other.example.com"));
    let observed = judge(&again, Timestamp::UNIX_EPOCH);
    assert!(
        observed.doubt().unwrap().contains("OPTIONS"),
        "{observed:?}"
    );
    let writes = plan("set", &again, &closed()).unwrap();
    for made in 0..=writes.len() {
        let whole = set(done(again.clone(), &writes[..made]), &closed());
        let opened = set(whole, &PathState::Open { notice: None });
        assert_eq!(opened.cors, again.cors, "what is newer is put back");
        assert!(opened.kept_cors.is_empty());
    }
    let kept = set(again.clone(), &PathState::Open { notice: None });
    assert_eq!(kept.cors, again.cors, "what is newer is left");
    let mut without = api();
    without.cors = None;
    let opened = set(
        set(without.clone(), &closed()),
        &PathState::Open { notice: None },
    );
    assert_eq!(opened, without, "nothing is made up");
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
