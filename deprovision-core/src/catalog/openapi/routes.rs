//! Paths and their operations.

use std::collections::BTreeSet;

use super::servers::Servers;
use crate::catalog::error::quoted;
use crate::catalog::read::{At, Field, Problems, Table, values};
use crate::catalog::tree::Node;
use crate::catalog::{CatalogErrorKind as Kind, Method, Route};

/// How many routes one description may come to, servers times operations.
const MAX_ROUTES: usize = 50_000;

/// What was found in the paths.
#[derive(Default)]
pub(super) struct Found {
    pub(super) routes: Vec<At<Route>>,
    pub(super) hosts: Vec<At<String>>,
    known_hosts: BTreeSet<String>,
}

impl Found {
    pub(super) fn hosts_of(&mut self, servers: &Servers) {
        for host in &servers.hosts {
            if self.known_hosts.insert(host.value.clone()) {
                self.hosts.push(host.clone());
            }
        }
    }
}

pub(super) fn read(
    root: &Field<'_>,
    paths: &Field<'_>,
    servers: &Servers,
    found: &mut Found,
    p: &mut Problems,
) {
    let Some(paths) = paths.open_table(p) else {
        return;
    };
    for (path, item) in paths.iter() {
        if path.starts_with("x-") {
            continue;
        }
        if let Err((reason, hint)) = values::check_path(path) {
            p.bad_value(&item.place, path, reason, hint);
            continue;
        }
        if let Some(table) = item.open_table(p)
            && let Some(table) = resolve(root, table, p)
        {
            path_item(path, &table, servers, found, p);
        }
        if found.routes.len() > MAX_ROUTES {
            p.add(
                Kind::Limit,
                &item.place,
                format!("the description comes to more than {MAX_ROUTES} routes"),
                "split it",
            );
            return;
        }
    }
}

/// The path item itself, or that which it refers to in the same file.
fn resolve<'t>(root: &Field<'t>, item: Table<'t>, p: &mut Problems) -> Option<Table<'t>> {
    let Some(reference) = item.get("$ref") else {
        return Some(item);
    };
    let text = reference.text(p, "#/components/pathItems/orders")?;
    let Some(pointer) = text.strip_prefix("#/") else {
        p.bad_value(
            &reference.place,
            text,
            "is in another file, so its routes are not known",
            "bundle the description into one file",
        );
        return None;
    };
    let mut node: Option<&'t Node> = Some(root.node);
    for part in pointer.split('/') {
        let key = part
            .replace("%7B", "{")
            .replace("%7D", "}")
            .replace("~1", "/")
            .replace("~0", "~");
        node = node.and_then(|node| node.get(&key));
    }
    // Of a reference to a reference the second is not followed: it could be a circle.
    let Some(node) = node.filter(|node| node.get("$ref").is_none()) else {
        p.add(
            Kind::Dangling,
            &reference.place,
            format!("{} is not a path item of this file", quoted(text)),
            "refer to a path item under components.pathItems",
        );
        return None;
    };
    Field::new(node, reference.place.clone()).open_table(p)
}

fn path_item(path: &str, item: &Table<'_>, servers: &Servers, found: &mut Found, p: &mut Problems) {
    let own = Servers::read(item.get("servers"), p);
    let servers = own.as_ref().unwrap_or(servers);
    let sunset = item
        .get("x-sunset")
        .and_then(|f| values::instant_or_date(f, p));
    for (name, method) in METHODS {
        let Some(field) = item.get(name) else {
            continue;
        };
        let Some(operation) = field.open_table(p) else {
            continue;
        };
        let own = Servers::read(operation.get("servers"), p);
        let servers = own.as_ref().unwrap_or(servers);
        found.hosts_of(servers);
        let operation_id = operation
            .get("operationId")
            .and_then(|f| values::line(f, p, "listOrders"));
        let deprecated = operation.get("deprecated").and_then(|f| f.boolean(p));
        let sunset = match operation.get("x-sunset") {
            Some(field) => values::instant_or_date(field, p),
            None => sunset,
        };
        for base in &servers.bases {
            let route = Route {
                operation_id: operation_id.clone(),
                deprecated: deprecated.unwrap_or_default(),
                sunset,
                ..Route::new(*method, format!("{base}{path}"))
            };
            found.routes.push(At::new(route, &field.place));
        }
    }
}

/// The operations of a path item (OpenAPI 3.1, section 4.8.9).
const METHODS: &[(&str, Method)] = &[
    ("get", Method::Get),
    ("put", Method::Put),
    ("post", Method::Post),
    ("delete", Method::Delete),
    ("options", Method::Options),
    ("head", Method::Head),
    ("patch", Method::Patch),
    ("trace", Method::Trace),
];
