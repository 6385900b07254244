//! What may be done to a reference without a person.

use std::collections::BTreeSet;

use deprovision_core::catalog::{Api, Route};
use deprovision_core::provider::Removal;
use serde::Serialize;

use crate::search::{MarkerClass, Markers, literal};

/// One rule of a removal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RemovalRule {
    /// A marker is replaced by the successor's text.
    Replace {
        /// The marker.
        text: String,
        /// What stands there afterwards.
        with: String,
    },
    /// A line that does nothing but set this key is deleted, in files that are
    /// read line by line (`.env`, `.properties`), when nothing else in the
    /// repository names the key.
    DeleteSetting {
        /// The key: a given marker in capitals, digits and `_`.
        key: String,
    },
}

/// The rules that a removal allows:
///
/// - A route's literal part becomes the successor's when every route that
///   begins with it has a counterpart there: the same method, and the same path
///   after that part (parameters may have other names).
/// - A host becomes the successor's when the successor has exactly one host and a
///   counterpart for every route: else some caller would ask it for what it does
///   not have.
/// - A setting whose key is one of the API's markers is deleted.
///
/// What no rule covers is left to people.
#[must_use]
pub fn removal_rules(removal: &Removal) -> Vec<RemovalRule> {
    let api = &removal.api;
    let markers = Markers::of(api, &removal.successor);
    let mut rules = BTreeSet::new();
    for (text, class) in &markers.own {
        let with = removal
            .successor
            .as_ref()
            .and_then(|successor| match class {
                MarkerClass::Host => host_of(api, successor),
                MarkerClass::Route => route_of(text, api, successor),
                MarkerClass::BasePath
                | MarkerClass::OperationId
                | MarkerClass::Package
                | MarkerClass::Variable
                | MarkerClass::Key
                | MarkerClass::Given
                | MarkerClass::Fixed => None,
            });
        if let Some(with) = with {
            rules.insert(RemovalRule::Replace {
                text: text.clone(),
                with,
            });
        } else if *class == MarkerClass::Given && is_setting(text) {
            rules.insert(RemovalRule::DeleteSetting { key: text.clone() });
        }
    }
    rules.into_iter().collect()
}

fn is_setting(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && !text.ends_with('_')
}

fn host_of(api: &Api, successor: &Api) -> Option<String> {
    let [host] = successor.hosts.as_slice() else {
        return None;
    };
    let plain = host
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    let whole = api
        .routes
        .iter()
        .all(|route| counterpart(route, successor).is_some());
    (plain && !host.is_empty() && whole).then(|| host.clone())
}

fn route_of(text: &str, api: &Api, successor: &Api) -> Option<String> {
    let mut with: Option<String> = None;
    for route in api.routes.iter().filter(|r| r.path.contains(text)) {
        if literal(&route.path) != Some(text) {
            // A longer route holds this text; its own marker decides about it.
            continue;
        }
        let theirs = literal(&counterpart(route, successor)?.path)?;
        if with.as_ref().is_some_and(|with| with != theirs) {
            return None;
        }
        with = Some(theirs.to_owned());
    }
    with
}

/// The successor's route that does the same.
fn counterpart<'a>(route: &Route, successor: &'a Api) -> Option<&'a Route> {
    let ours = literal(&route.path)?;
    let mut same = successor.routes.iter().filter(|theirs| {
        theirs.method == route.method
            && literal(&theirs.path).is_some_and(|text| {
                shape(&theirs.path, text) == shape(&route.path, ours)
                    && unversioned(text) == unversioned(ours)
            })
    });
    let first = same.next()?;
    same.next().is_none().then_some(first)
}

/// A template around its literal part, with its parameters' names taken out.
fn shape(path: &str, literal: &str) -> Option<(String, String)> {
    let (before, after) = path.split_once(literal)?;
    let nameless = |part: &str| {
        let mut text = String::new();
        let mut inside = false;
        for c in part.chars() {
            match c {
                '{' => inside = true,
                '}' => {
                    inside = false;
                    text.push_str("{}");
                }
                c if !inside => text.push(c),
                _ => {}
            }
        }
        text
    };
    Some((nameless(before), nameless(after)))
}

/// The segments that are no versions: `/v1/orders` and `/v2/orders` do one job.
fn unversioned(literal: &str) -> Vec<&str> {
    literal
        .split('/')
        .filter(|segment| {
            let number = segment.strip_prefix(['v', 'V']).unwrap_or(segment);
            !number.starts_with(|c: char| c.is_ascii_digit())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::catalog::Method;
    use deprovision_core::id::ApiId;

    fn api(id: &str, host: &str, routes: &[(Method, &str)]) -> Api {
        let mut api = Api::new(ApiId::parse(id).unwrap(), id);
        api.hosts = vec![host.to_owned()];
        api.routes = routes.iter().map(|(m, p)| Route::new(*m, *p)).collect();
        api
    }

    fn rules(v1: &[(Method, &str)], v2: &[(Method, &str)]) -> Vec<RemovalRule> {
        removal_rules(&Removal::new(
            api("orders-v1", "v1.shop.example", v1),
            Some(api("orders-v2", "v2.shop.example", v2)),
        ))
    }

    fn replace(text: &str, with: &str) -> RemovalRule {
        RemovalRule::Replace {
            text: text.into(),
            with: with.into(),
        }
    }

    #[test]
    fn a_route_and_a_host_become_those_of_a_successor_that_has_the_same_operations() {
        let found = rules(
            &[
                (Method::Get, "/v1/orders"),
                (Method::Get, "/v1/orders/{id}"),
            ],
            &[
                (Method::Get, "/v2/orders"),
                (Method::Get, "/v2/orders/{order}"),
            ],
        );
        assert_eq!(
            found,
            [
                replace("/v1/orders", "/v2/orders"),
                replace("v1.shop.example", "v2.shop.example"),
            ]
        );
    }

    #[test]
    fn nothing_is_replaced_when_the_successor_lacks_an_operation() {
        let all = [(Method::Get, "/v1/orders"), (Method::Post, "/v1/orders")];
        for v2 in [
            [(Method::Get, "/v2/orders")].as_slice(),
            &[(Method::Get, "/v2/orders"), (Method::Post, "/v2/purchases")],
            &[
                (Method::Get, "/v2/orders"),
                (Method::Post, "/v2/orders/{id}"),
            ],
            &[],
        ] {
            assert_eq!(rules(&all, v2), []);
        }
    }

    #[test]
    fn a_setting_is_deleted_and_a_package_is_left() {
        let mut api = api("orders-v1", "v1.shop.example", &[]);
        api.markers = vec!["ORDERS_V1_URL".into(), "orders-client".into()];
        assert_eq!(
            removal_rules(&Removal::new(api, None)),
            [RemovalRule::DeleteSetting {
                key: "ORDERS_V1_URL".into()
            }]
        );
    }
}
