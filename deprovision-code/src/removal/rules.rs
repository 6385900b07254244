//! What may be done to a reference without a person.

use std::collections::{BTreeMap, BTreeSet};

use deprovision_core::catalog::{Api, Route};
use deprovision_core::provider::Removal;
use serde::{Deserialize, Serialize};

use crate::search::{MarkerClass, Markers, literal};

/// One rule of a removal. Rules are data: they can be written in any form that
/// `serde` reads.
///
/// Rules work on files with references. A key or a package that is no marker of the API
/// is not looked for: name it in the catalog too.
///
/// ```
/// use deprovision_code::RemovalRule;
/// let rules: Vec<RemovalRule> = serde_json::from_str(
///     r#"[{"drop_dependency": {"package": "orders-client", "imports": ["shop.orders"]}}, "mark_calls"]"#,
/// )?;
/// assert_eq!(rules[1], RemovalRule::MarkCalls);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// A setting is deleted where its key stands for itself: a line of a `.env`,
    /// `.properties`, `.ini` or TOML file, an entry of a YAML mapping or JSON object,
    /// an item of a YAML list of variables. Only when afterwards nothing but prose
    /// and comments names the key.
    DeleteSetting {
        /// The key, as it stands.
        key: String,
    },
    /// A package is taken out of the manifests that declare it: `Cargo.toml`,
    /// `package.json`, `composer.json`, `requirements*.txt`, `pyproject.toml`, `go.mod`.
    /// Only when afterwards no code names it.
    DropDependency {
        /// Its name in the manifest.
        package: String,
        /// What code that uses it says. Empty: what `Cargo.toml`, `package.json` and
        /// `go.mod` imply; where the package's name implies nothing (Python, PHP), the
        /// dependency is left.
        #[serde(default)]
        imports: Vec<String>,
    },
    /// A line with a reference is deleted, when it is whole: no bracket, quote or
    /// continuation leaves it open, and in languages that are known, no operator, `if`
    /// or attribute on the line before waits for it.
    DeleteLine {
        /// The files, as a pattern such as `deploy/**/*.conf`.
        files: String,
        /// A regular expression that the whole line, without its end, must match.
        line: String,
    },
    /// A line with a reference is rewritten, when no reference is left in it.
    RewriteLine {
        /// The files, as a pattern such as `src/**/*.py`.
        files: String,
        /// A regular expression; what it matches is replaced.
        find: String,
        /// What comes instead; `$1` and `$name` are what groups matched.
        with: String,
    },
    /// A line of code that no other rule covers is put between two comments that say
    /// what is to be done, in languages whose lines of code can be told from strings.
    MarkCalls,
    /// A statement that no other rule covers, on a line of its own, is replaced by a
    /// compile-time error: in Rust (`compile_error!`), C, C++ and C# (`#error`).
    FailCalls,
}

/// The rules that follow from the two APIs:
///
/// - A route's literal part becomes the successor's when every route that
///   begins with it has a counterpart there: the same method, and the same path
///   after that part (parameters may have other names).
/// - A host becomes the successor's when the successor has exactly one host and a
///   counterpart for every route: else some caller would ask it for what it does
///   not have.
/// - A marker in capitals, digits and `_` is the key of a setting, which is deleted.
/// - Any other given marker may be a package, which is dropped; so is a client library.
///
/// More are added by [`RemovalSettings::with_rules`](crate::RemovalSettings::with_rules).
/// What no rule covers is left to people.
#[must_use]
pub fn removal_rules(removal: &Removal) -> Vec<RemovalRule> {
    let mut rules = BTreeSet::new();
    for (text, class) in &Markers::of(&removal.api, &removal.successor).own {
        match (class, replacement(text, *class, removal)) {
            (_, Ok(with)) => {
                rules.insert(RemovalRule::Replace {
                    text: text.clone(),
                    with,
                });
            }
            (MarkerClass::Given, Err(_)) if is_setting(text) => {
                rules.insert(RemovalRule::DeleteSetting { key: text.clone() });
            }
            (MarkerClass::Given | MarkerClass::Package, Err(_)) => {
                rules.insert(RemovalRule::DropDependency {
                    package: text.clone(),
                    imports: Vec::new(),
                });
            }
            // What variables and keys begin with is none of them.
            (
                MarkerClass::Host
                | MarkerClass::Route
                | MarkerClass::BasePath
                | MarkerClass::OperationId
                | MarkerClass::Variable
                | MarkerClass::Key
                | MarkerClass::Fixed,
                Err(_),
            ) => {}
        }
    }
    rules.into_iter().collect()
}

/// Why nothing replaces a marker, for the person who has to do it.
pub(crate) fn reasons(removal: &Removal) -> BTreeMap<String, String> {
    Markers::of(&removal.api, &removal.successor)
        .own
        .iter()
        .filter_map(|(text, class)| {
            let why = replacement(text, *class, removal).err()?;
            Some((text.clone(), why))
        })
        .collect()
}

/// What comes instead of a marker; why nothing, when nothing does.
fn replacement(text: &str, class: MarkerClass, removal: &Removal) -> Result<String, String> {
    let Some(successor) = &removal.successor else {
        return Err("there is no successor; delete what calls it".to_owned());
    };
    let api = &removal.api;
    match class {
        MarkerClass::Host => host_of(api, successor),
        MarkerClass::Route => route_of(text, api, successor),
        MarkerClass::OperationId => Err(format!(
            "call the operation of {} that does its job",
            successor.id
        )),
        MarkerClass::BasePath => Err(format!(
            "what is served below it may be elsewhere in {}",
            successor.id
        )),
        MarkerClass::Package
        | MarkerClass::Variable
        | MarkerClass::Key
        | MarkerClass::Given
        | MarkerClass::Fixed => Err(format!("use what {} has for it", successor.id)),
    }
}

fn is_setting(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        && !text.ends_with('_')
}

fn host_of(api: &Api, successor: &Api) -> Result<String, String> {
    let id = &successor.id;
    let [host] = successor.hosts.as_slice() else {
        return Err(format!(
            "{id} has {} hosts; choose one",
            successor.hosts.len()
        ));
    };
    let plain = host
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
    if !plain || host.is_empty() {
        return Err(format!("the host of {id} is no plain name"));
    }
    match api
        .routes
        .iter()
        .find(|r| counterpart(r, successor).is_none())
    {
        Some(route) => Err(without_counterpart(route, successor)),
        None => Ok(host.clone()),
    }
}

fn without_counterpart(route: &Route, successor: &Api) -> String {
    format!(
        "{} has nothing that is surely the same as {} {}",
        successor.id, route.method, route.path
    )
}

fn route_of(text: &str, api: &Api, successor: &Api) -> Result<String, String> {
    let mut with: Option<String> = None;
    for route in api.routes.iter().filter(|r| r.path.contains(text)) {
        if literal(&route.path) != Some(text) {
            // A longer route holds this text; its own marker decides about it.
            continue;
        }
        let theirs = counterpart(route, successor)
            .and_then(|theirs| literal(&theirs.path))
            .ok_or_else(|| without_counterpart(route, successor))?;
        if with.as_ref().is_some_and(|with| with != theirs) {
            return Err(format!("{} has its operations in two places", successor.id));
        }
        with = Some(theirs.to_owned());
    }
    with.ok_or_else(|| "no route of the API begins with it".to_owned())
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
    use deprovision_core::catalog::{Face, FaceKind, Method};
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
    fn whoever_has_to_do_it_is_told_what_is_missing() {
        let removal = Removal::new(
            api(
                "orders-v1",
                "v1.shop.example",
                &[(Method::Post, "/v1/orders")],
            ),
            Some(api("orders-v2", "v2.shop.example", &[])),
        );
        let why = "orders-v2 has nothing that is surely the same as POST /v1/orders";
        let reasons = reasons(&removal);
        assert_eq!(reasons["/v1/orders"], why);
        assert_eq!(reasons["v1.shop.example"], why);
    }

    #[test]
    fn a_setting_is_deleted_and_a_package_is_dropped() {
        let mut api = api("orders-v1", "v1.shop.example", &[]);
        api.markers = vec!["ORDERS_V1_URL".into(), "orders-client".into()];
        assert_eq!(
            removal_rules(&Removal::new(api, None)),
            [
                RemovalRule::DeleteSetting {
                    key: "ORDERS_V1_URL".into()
                },
                RemovalRule::DropDependency {
                    package: "orders-client".into(),
                    imports: Vec::new()
                }
            ]
        );
    }

    #[test]
    fn a_client_library_is_dropped_and_what_settings_and_keys_begin_with_is_left() {
        let mut api = api("orders-v1", "v1.shop.example", &[]);
        api.faces.push(Face::new(FaceKind::Sdk, "orders-client"));
        api.labels.insert("key-prefix".into(), "sk_orders_".into());
        api.url = Some("https://v1.shop.example/shop/v1".into());
        let drop = |package: &str| RemovalRule::DropDependency {
            package: package.into(),
            imports: Vec::new(),
        };
        let removal = Removal::new(api, None);
        assert_eq!(
            removal_rules(&removal),
            ["OrdersClient", "orders-client", "orders_client"].map(drop)
        );
        let left = reasons(&removal);
        for text in ["ORDERS_V1_", "sk_orders_", "/shop/v1"] {
            assert!(left.contains_key(text), "{text} in {left:?}");
        }
    }
}
