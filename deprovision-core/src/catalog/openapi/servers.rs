//! Where an API is served: hosts and base paths.

use std::collections::BTreeSet;

use crate::catalog::read::{At, Field, Problems, Table, values};
use crate::catalog::{CatalogErrorKind as Kind, Place};

/// How many addresses one templated server may stand for.
const MAX_EXPANDED: usize = 64;

/// The hosts and base paths of a list of servers.
#[derive(Debug, Clone)]
pub(super) struct Servers {
    pub(super) hosts: Vec<At<String>>,
    /// Without the slash at the end; never empty as a list.
    pub(super) bases: BTreeSet<String>,
}

impl Servers {
    /// What holds where no servers are named: the root of an unnamed host.
    pub(super) fn none() -> Self {
        Self {
            hosts: Vec::new(),
            bases: BTreeSet::from([String::new()]),
        }
    }

    /// Reads `servers`; nothing when there is none or none can be read.
    pub(super) fn read(field: Option<&Field<'_>>, p: &mut Problems) -> Option<Self> {
        let mut servers = Self {
            hosts: Vec::new(),
            bases: BTreeSet::new(),
        };
        for item in field?.items(p) {
            if let Some(table) = item.open_table(p) {
                servers.add(&table, p);
            }
        }
        (!servers.bases.is_empty()).then_some(servers)
    }

    fn add(&mut self, table: &Table<'_>, p: &mut Problems) {
        let Some(field) = table.required("url", p, "write the address, for example url: /v1")
        else {
            return;
        };
        let Some(url) = field.text(p, "https://api.example.com/v1") else {
            return;
        };
        for address in expand(url, table.get("variables"), &field.place, p) {
            match split(&address) {
                Ok((host, base)) => {
                    self.hosts
                        .extend(host.map(|host| At::new(host, &field.place)));
                    self.bases.insert(base);
                }
                Err(reason) => p.bad_value(
                    &field.place,
                    &address,
                    reason,
                    "write https://api.example.com/v1, or /v1",
                ),
            }
        }
    }
}

/// The host, and the base path without the slash at its end.
fn split(address: &str) -> Result<(Option<String>, String), &'static str> {
    let address = address.split(['?', '#']).next().unwrap_or(address);
    let with_host = match address.split_once("://") {
        Some((scheme, rest)) if ["http", "https", "ws", "wss"].contains(&scheme) => Some(rest),
        Some(_) => return Err("has a scheme that is not http or https"),
        None => address.strip_prefix("//"),
    };
    let (host, path) = match with_host {
        None => (None, address),
        Some(rest) => {
            let at = rest.find('/').unwrap_or(rest.len());
            let (host, path) = rest.split_at(at);
            let host = host.to_lowercase();
            values::check_host(&host)?;
            (Some(host), path)
        }
    };
    let base = path.trim_end_matches('/');
    // Relative to where the description lies, which nobody told us.
    let base = base.strip_prefix("./").unwrap_or(base);
    let base = match base {
        "" | "." => String::new(),
        base if base.starts_with('/') => base.to_owned(),
        base => format!("/{base}"),
    };
    if !base.is_empty() {
        values::check_path(&base).map_err(|(reason, _)| reason)?;
    }
    Ok((host, base))
}

/// The addresses that a template stands for: one for each allowed value of its
/// variables, or with their defaults when those would be too many.
fn expand(
    url: &str,
    variables: Option<&Field<'_>>,
    place: &Place,
    p: &mut Problems,
) -> Vec<String> {
    let mut addresses = vec![String::new()];
    let variables = variables.and_then(|f| f.open_table(p));
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            p.bad_value(
                place,
                url,
                "has a brace that does not close",
                "write {name}",
            );
            return Vec::new();
        };
        let Some(variable) = variables.as_ref().and_then(|table| table.get(name)) else {
            p.add(
                Kind::MissingField,
                place,
                format!(
                    "the variable {} is not described",
                    crate::catalog::error::quoted(name)
                ),
                "describe it under variables, with a default",
            );
            return Vec::new();
        };
        let Some((default, mut allowed)) = values_of(variable, p) else {
            return Vec::new();
        };
        if addresses.len().saturating_mul(allowed.len()) > MAX_EXPANDED {
            allowed = vec![default];
        }
        addresses = addresses
            .iter()
            .flat_map(|address| allowed.iter().map(move |v| format!("{address}{before}{v}")))
            .collect();
        if addresses.iter().any(|address| address.len() > 4_096) {
            p.bad_value(
                place,
                url,
                "is longer than 4096 bytes",
                "write a shorter address",
            );
            return Vec::new();
        }
        rest = after;
    }
    for address in &mut addresses {
        address.push_str(rest);
    }
    addresses
}

/// The default of a variable, and all its values, the default first.
fn values_of(variable: &Field<'_>, p: &mut Problems) -> Option<(String, Vec<String>)> {
    let table = variable.open_table(p)?;
    let default = table
        .required(
            "default",
            p,
            "write the value that is used when none is chosen",
        )
        .and_then(|f| f.text(p, "v1"))?;
    let mut all = vec![default.to_owned()];
    for item in table.get("enum").map(|f| f.items(p)).unwrap_or_default() {
        let value = item.text(p, "v1")?;
        if value != default {
            all.push(value.to_owned());
        }
    }
    Some((default.to_owned(), all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_base_path() {
        let ok = |address| split(address).unwrap();
        let host = |name: &str| Some(name.to_owned());
        assert_eq!(
            ok("https://A.example/v1/"),
            (host("a.example"), "/v1".into())
        );
        assert_eq!(
            ok("https://a.example:8443"),
            (host("a.example:8443"), String::new())
        );
        assert_eq!(ok("//a.example/x"), (host("a.example"), "/x".into()));
        assert_eq!(ok("/v1"), (None, "/v1".into()));
        assert_eq!(ok("/"), (None, String::new()));
        assert_eq!(ok("v1"), (None, "/v1".into()));
        assert_eq!(ok("."), (None, String::new()));
        for bad in [
            "ftp://a",
            "https://u:p@a/",
            "https:///x",
            "/a b",
            "https://a/../b",
        ] {
            assert!(split(bad).is_err(), "{bad}");
        }
    }
}
