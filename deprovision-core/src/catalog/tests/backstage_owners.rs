//! Owners by Backstage's groups.

use proptest::prelude::*;

use crate::catalog::{BackstageOwners, Reached, Source, Unresolved};

fn owners(text: &str) -> BackstageOwners {
    BackstageOwners::read(&[Source::new("catalog-info.yaml", text)]).unwrap()
}

fn entity(kind: &str, metadata: &str, spec: &str) -> String {
    format!(
        "---\napiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata: {{{metadata}}}\n\
         spec: {{{spec}}}\n"
    )
}

fn api(owner: &str) -> String {
    let spec = format!("type: openapi, lifecycle: production, owner: {owner}");
    entity("API", "name: orders-v1", &spec)
}

fn of(text: &str) -> Option<Result<Reached, Unresolved>> {
    owners(text).of(&"orders-v1".parse().unwrap())
}

fn reached(text: &str) -> Vec<String> {
    let reached = of(text).unwrap().unwrap();
    let people = reached.people.iter();
    people.map(|contact| contact.email.to_string()).collect()
}

fn user(name: &str, member_of: &str) -> String {
    let spec = format!("profile: {{email: {name}@example.com}}, memberOf: [{member_of}]");
    entity("User", &format!("name: {name}"), &spec)
}

#[test]
fn a_group_with_an_address_is_told_there_and_one_without_by_its_members() {
    let members = user("dana", "platform") + &user("wes", "group:default/Platform");
    let with = entity(
        "Group",
        "name: platform",
        "profile: {email: platform@example.com}",
    );
    let text = api("platform") + &members + &with;
    assert_eq!(reached(&text), ["platform@example.com"]);
    let without = entity("Group", "name: platform", "members: [sam, ghost]");
    let sam = user("sam", "");
    let text = api("platform") + &members + &without + &sam;
    let all = ["dana@example.com", "sam@example.com", "wes@example.com"];
    assert_eq!(reached(&text), all);
    let missed = of(&text).unwrap().unwrap().missed;
    let ghost = "user:default/ghost".to_owned();
    assert_eq!(missed, [Unresolved::NoSuchEntity(ghost)]);
    // A person can own an API as well.
    assert_eq!(
        reached(&(api("user:dana") + &members)),
        ["dana@example.com"]
    );
}

#[test]
fn groups_are_looked_into_both_ways_and_the_group_above_is_not_asked() {
    let text = api("platform")
        + &entity("Group", "name: platform", "children: [a], parent: board")
        + &entity("Group", "name: a", "children: []")
        + &entity("Group", "name: b", "parent: platform")
        + &entity(
            "Group",
            "name: board",
            "profile: {email: board@example.com}",
        )
        + &user("ann", "a")
        + &user("ben", "b");
    assert_eq!(reached(&text), ["ann@example.com", "ben@example.com"]);
}

#[test]
fn groups_that_hold_one_another_end() {
    let ring = entity("Group", "name: a", "children: [b], parent: b")
        + &entity("Group", "name: b", "children: [a, b]");
    let nobody = of(&(api("a") + &ring)).unwrap().unwrap_err();
    assert_eq!(nobody, Unresolved::NoAddress("group:default/a".to_owned()));
    let text = api("a") + &ring + &user("ann", "b");
    assert_eq!(reached(&text), ["ann@example.com"]);
}

#[test]
fn kinds_and_namespaces_are_those_of_whoever_refers() {
    let text = entity(
        "API",
        "name: orders, namespace: shop, annotations: {deprovision.dev/id: orders-v1}",
        "type: openapi, lifecycle: production, owner: team",
    ) + &entity("Group", "name: team, namespace: shop", "members: [ann, people/ben]")
        + &entity(
            "User",
            "name: ann, namespace: shop",
            "profile: {email: ann@shop.example}, memberOf: []",
        )
        + &entity(
            "User",
            "name: ben, namespace: people",
            "profile: {email: ben@people.example}",
        )
        // Of the same names, elsewhere.
        + &user("ann", "team")
        + &entity("Group", "name: team", "profile: {email: other@example.com}");
    assert_eq!(reached(&text), ["ben@people.example", "ann@shop.example"]);
}

#[test]
fn an_owner_that_leads_nowhere_is_told_from_no_owner() {
    let lost = of(&api("platform")).unwrap().unwrap_err();
    assert_eq!(
        lost.to_string(),
        "group:default/platform is in none of the files; add the file that describes it, or \
         mend the reference"
    );
    let empty = api("platform") + &entity("Group", "name: platform", "children: []");
    let lost = of(&empty).unwrap().unwrap_err();
    assert_eq!(
        lost.to_string(),
        "group:default/platform has no address, nor has anybody in it; write its \
         spec.profile.email"
    );
    // What Backstage demands to be written for nobody.
    assert_eq!(of(&api("unknown")), None);
    assert_eq!(of(&user("dana", "")), None);
}

#[test]
fn components_own_what_nobody_else_does_and_are_the_callers() {
    let component = entity(
        "Component",
        "name: payroll, annotations: {deprovision.dev/caller-ids: '[ak_1]'}",
        "owner: pay, providesApis: [orders-v1], consumesApis: [billing]",
    );
    let pay = entity("Group", "name: pay", "members: [dana]") + &user("dana", "");
    let text = component + &pay;
    assert_eq!(reached(&text), ["dana@example.com"]);
    let owners = owners(&text);
    let behind = owners.behind(&"ak_1".parse().unwrap()).unwrap().unwrap();
    assert_eq!(behind.people[0].email.as_str(), "dana@example.com");
    assert_eq!(owners.behind(&"ak_2".parse().unwrap()), None);
    // The API's own entity comes first; an owner in an annotation is the catalog's.
    let text = api("user:wes") + &user("wes", "") + &text;
    assert_eq!(reached(&text), ["wes@example.com"]);
    let annotated = text.replace(
        "{name: orders-v1}",
        "{name: orders-v1, annotations: {deprovision.dev/owner: '{person: e, email: e@a}'}}",
    );
    assert_eq!(of(&annotated), None);
}

#[test]
fn every_mistake_is_told_with_its_line() {
    let text = api("'a b'") + &entity("User", "name: dana", "memberOf: platform");
    let errors = BackstageOwners::read(&[Source::new("e.yaml", &text)])
        .unwrap_err()
        .to_string();
    assert!(errors.contains("e.yaml:5: spec.owner: "), "{errors}");
    assert!(errors.contains("e.yaml:10: spec.memberOf: "), "{errors}");
}

proptest! {
    #[test]
    fn whatever_groups_hold_each_other_everybody_is_reached_once(
        edges in prop::collection::vec((0..8u8, 0..8u8, any::<bool>()), 0..24),
        homes in prop::collection::vec(0..8u8, 1..6),
    ) {
        let group = |n: u8| {
            let list = |down: bool| -> String {
                let those = edges.iter().filter(|(a, _, d)| *a == n && *d == down);
                those.map(|(_, b, _)| format!("g{b},")).collect()
            };
            // Of parents there is one.
            let parent = list(false);
            let parent = parent.split(',').next().unwrap_or_default();
            let parent = match parent.is_empty() {
                true => String::new(),
                false => format!(", parent: {parent}"),
            };
            let spec = format!("children: [{}]{parent}", list(true));
            (entity("Group", &format!("name: g{n}"), &spec), parent)
        };
        let groups: Vec<(String, String)> = (0..8).map(group).collect();
        let mut text = api("g0");
        text.extend(groups.iter().map(|(text, _)| text.as_str()));
        for (n, home) in homes.iter().enumerate() {
            text.push_str(&user(&format!("u{n}"), &format!("g{home}")));
        }
        // By hand: below a group is what it holds, and what says to be in it.
        let mut below = [false; 8];
        below[0] = true;
        for _ in 0..8 {
            for (a, b, down) in &edges {
                let (a, b) = (usize::from(*a), usize::from(*b));
                if *down && below[a] {
                    below[b] = true;
                }
            }
            for (n, (_, parent)) in groups.iter().enumerate() {
                let above = parent.strip_prefix(", parent: g").and_then(|g| g.parse::<usize>().ok());
                if above.is_some_and(|above| below[above]) {
                    below[n] = true;
                }
            }
        }
        let wanted: Vec<String> = homes
            .iter()
            .enumerate()
            .filter(|(_, home)| below[usize::from(**home)])
            .map(|(n, _)| format!("u{n}@example.com"))
            .collect();
        let found = match of(&text).unwrap() {
            Ok(reached) => reached.people.iter().map(|c| c.email.to_string()).collect(),
            Err(_) => Vec::new(),
        };
        prop_assert_eq!(found, wanted);
    }
}
