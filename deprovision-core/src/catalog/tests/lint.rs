//! Each rule is broken once, and an API that breaks none has no finding.

use super::read;
use crate::catalog::{LintRule, Severity};

/// An API of which nothing is missing.
const WHOLE: &str = "
  - id: orders-v1
    title: Orders
    owner: {person: dana@example.com, email: dana@example.com}
    hosts: [api.example.com]
    routes: [{method: GET, path: /v1/orders}]
    resources: {access_paths: ['gw:shop:eu:orders'], issuers: ['keyfile:shop:local:keys']}
    documentation: https://docs.example.com/orders
    usage_sources: [gateway-log]
    labels: {environment: production, exposure: public}
";

fn rules(apis: &str, id: &str) -> Vec<LintRule> {
    let catalog = read("a.yaml", &format!("apis:{apis}")).unwrap();
    let mut found: Vec<LintRule> = catalog
        .lint()
        .iter()
        .filter(|f| f.api.as_str() == id)
        .map(|f| f.rule)
        .collect();
    found.sort();
    found
}

/// What is found when a text of the whole API is replaced.
fn with(from: &str, to: &str) -> Vec<LintRule> {
    assert!(WHOLE.contains(from), "{from}");
    rules(&WHOLE.replace(from, to), "orders-v1")
}

#[test]
fn an_api_of_which_nothing_is_missing_has_no_finding() {
    assert_eq!(rules(WHOLE, "orders-v1"), []);
}

#[test]
fn what_is_missing_from_one_api_is_found() {
    let line = |start: &str| {
        WHOLE
            .lines()
            .find(|line| line.trim().starts_with(start))
            .map(|line| format!("{line}\n"))
            .unwrap()
    };
    assert_eq!(with(&line("owner"), ""), [LintRule::NoOwner]);
    assert_eq!(with(&line("usage_sources"), ""), [LintRule::NoUsageSource]);
    assert_eq!(with(&line("hosts"), ""), [LintRule::NoHosts]);
    assert_eq!(with(&line("routes"), ""), [LintRule::NoRoutes]);
    assert_eq!(
        with("access_paths: ['gw:shop:eu:orders'], ", ""),
        [LintRule::NoAccessPath]
    );
    assert_eq!(
        with(", issuers: ['keyfile:shop:local:keys']", ""),
        [LintRule::NoCredentials]
    );
    assert_eq!(
        with(&line("documentation"), ""),
        [LintRule::NoRetirementPlan, LintRule::NoDocument]
    );
    assert_eq!(
        with("environment: production, ", ""),
        [LintRule::NoEnvironment]
    );
    assert_eq!(with(", exposure: public", ""), [LintRule::NoExposure]);
    assert_eq!(
        with("api.example.com", "api-staging.example.com"),
        [LintRule::TestHost]
    );
    assert_eq!(
        with("title: Orders", "title: Orders\n    markers: [api]"),
        [LintRule::VagueMarker]
    );
    assert_eq!(
        with("/v1/orders}", "/v1/orders, deprecated: true}"),
        [LintRule::RoutesDeprecatedAlone]
    );
    assert_eq!(
        rules(&WHOLE.replace("orders-v1", "orders"), "orders"),
        [LintRule::NoVersion]
    );
}

#[test]
fn a_deprecated_api_needs_an_end_a_successor_and_a_page() {
    let old = WHOLE.replace("title: Orders", "title: Orders\n    lifecycle: deprecated");
    assert_eq!(
        rules(&old, "orders-v1"),
        [LintRule::DeprecatedWithoutSunset]
    );
    let old = old.replace(
        "documentation: https://docs.example.com/orders",
        "sunset: 2027-01-31T00:00:00Z",
    );
    assert_eq!(
        rules(&old, "orders-v1"),
        [
            LintRule::DeprecatedWithoutSuccessor,
            LintRule::DeprecatedWithoutDocumentation,
            LintRule::NoDocument
        ]
    );
    let old = old
        .replace("sunset:", "documentation: https://a.example/\n    sunset:")
        .replace("/v1/orders}", "/v1/orders, sunset: 2027-02-01T00:00:00Z}");
    assert_eq!(rules(&old, "orders-v1"), [LintRule::RouteOutlivesApi]);
}

#[test]
fn a_retired_api_needs_no_plan() {
    assert_eq!(rules(" [{id: a, title: A, lifecycle: retired}]", "a"), []);
}

#[test]
fn what_two_apis_share_is_found_at_both() {
    let both = format!(
        "{WHOLE}{}",
        WHOLE
            .replace("orders-v1", "orders-v2")
            .replace("/v1/orders}", "/v2/orders}")
            .replace("gw:shop:eu:orders", "gw:shop:eu:new")
    );
    assert_eq!(
        rules(&both, "orders-v2"),
        [],
        "an issuer and a host may be shared"
    );
    let same_path = both.replace("gw:shop:eu:new", "gw:shop:eu:orders");
    let same_route = both.replace("/v2/orders}", "/v1/orders}");
    for id in ["orders-v1", "orders-v2"] {
        assert_eq!(rules(&same_path, id), [LintRule::SharedResource]);
        assert_eq!(rules(&same_route, id), [LintRule::SharedRoute]);
    }
}

#[test]
fn successors_must_lead_somewhere() {
    let api = |id: &str, more: &str| {
        WHOLE
            .replace("orders-v1", id)
            .replace("    title", &format!("    {more}\n    title"))
            .replace("gw:shop:eu:orders", &format!("gw:shop:eu:{id}"))
            .replace("/v1/orders}", &format!("/{id}}}"))
    };
    let circle = api("a-1", "successor: b-1")
        + &api("b-1", "successor: c-1")
        + &api("c-1", "successor: b-1");
    assert_eq!(rules(&circle, "a-1"), []);
    assert_eq!(rules(&circle, "b-1"), [LintRule::SuccessorCircle]);
    assert_eq!(rules(&circle, "c-1"), [LintRule::SuccessorCircle]);
    let dead = api("a-1", "successor: b-1") + &api("b-1", "lifecycle: retired");
    assert_eq!(rules(&dead, "a-1"), [LintRule::SuccessorEnds]);
}

#[test]
fn the_gravest_finding_comes_first_and_each_says_what_to_do() {
    let findings = read("a.yaml", "apis: [{id: a, title: A}, {id: b, title: B}]")
        .unwrap()
        .lint();
    assert!(findings.is_sorted_by(|a, b| a.severity >= b.severity));
    assert_eq!(findings[0].severity, Severity::High);
    assert_eq!(
        findings[0].to_string(),
        "a: high: nobody answers for it (write owner: with a person and an e-mail address that is read)"
    );
}
