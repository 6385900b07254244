//! Paths and their operations.

use std::collections::{BTreeSet, HashMap};

use super::bodies::Bodies;
use super::pointer::Pointers;
use super::servers::Servers;
use crate::catalog::error::quoted;
use crate::catalog::read::{At, Field, Problems, Table, values};
use crate::catalog::tree::Node;
use crate::catalog::{CatalogErrorKind as Kind, Method, Route};

/// How many routes one description may come to, servers times operations.
const MAX_ROUTES: usize = 50_000;

/// What was found in the paths.
pub(super) struct Found<'t> {
    pub(super) routes: Vec<At<Route>>,
    pub(super) hosts: Vec<At<String>>,
    pub(super) bodies: Bodies,
    known_hosts: BTreeSet<String>,
    /// Where a route is in `routes`, by method and shape, and whether a query or a
    /// fragment was cut off its path.
    known_routes: HashMap<(Method, String), (usize, bool)>,
    pointers: Pointers<'t>,
}

impl<'t> Found<'t> {
    pub(super) fn new(root: &'t Node) -> Self {
        Self {
            routes: Vec::new(),
            hosts: Vec::new(),
            bodies: Bodies::new(),
            known_hosts: BTreeSet::new(),
            known_routes: HashMap::new(),
            pointers: Pointers::new(root),
        }
    }

    /// Adds a route. Operations that only a query or a fragment tells apart are one
    /// route; whatever else is there twice stays, and is reported.
    fn add(&mut self, route: At<Route>, cut: bool) {
        let shape = values::shape(&route.value.path).unwrap_or_default();
        let key = (route.value.method, shape);
        if let Some((index, first_cut)) = self.known_routes.get(&key)
            && (cut || *first_cut)
            && let Some(first) = self.routes.get_mut(*index)
        {
            overloaded(&mut first.value, route.value);
            return;
        }
        let index = self.routes.len();
        self.known_routes.entry(key).or_insert((index, cut));
        self.routes.push(route);
    }

    pub(super) fn hosts_of(&mut self, servers: &Servers) {
        for host in &servers.hosts {
            if self.known_hosts.insert(host.value.clone()) {
                self.hosts.push(host.clone());
            }
        }
    }
}

pub(super) fn read<'t>(
    paths: &Field<'t>,
    servers: &Servers,
    found: &mut Found<'t>,
    p: &mut Problems,
) {
    let Some(paths) = paths.open_table(p) else {
        return;
    };
    for (path, item) in paths.iter() {
        if path.starts_with("x-") {
            continue;
        }
        // Many descriptions tell operations apart by what follows the path, though
        // OpenAPI has no such thing (Amazon's `/#X-Amz-Target=…`, Azure's `#overload=…`).
        let served = path.split(['?', '#']).next().unwrap_or(path);
        if let Err((reason, hint)) = values::check_path(served) {
            p.bad_value(&item.place, path, reason, hint);
            continue;
        }
        if let Some(table) = item.open_table(p)
            && let Some(table) = resolve(table, &mut found.pointers, p)
        {
            let cut = served.len() < path.len();
            path_item((served, cut), &table, servers, found, p);
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

/// Makes two operations one route: what holds for both holds for it.
fn overloaded(first: &mut Route, other: Route) {
    first.deprecated &= other.deprecated;
    first.sunset = match (first.sunset, other.sunset) {
        (Some(first), Some(other)) => Some(first.max(other)),
        (None, _) | (_, None) => None,
    };
    if first.operation_id != other.operation_id {
        first.operation_id = None;
    }
}

/// The path item itself, or that which it refers to in the same file.
fn resolve<'t>(
    item: Table<'t>,
    pointers: &mut Pointers<'t>,
    p: &mut Problems,
) -> Option<Table<'t>> {
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
    let node = pointers.find(pointer);
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

fn path_item<'t>(
    (path, cut): (&str, bool),
    item: &Table<'t>,
    servers: &Servers,
    found: &mut Found<'t>,
    p: &mut Problems,
) {
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
        found.bodies.operation(field.node, &mut found.pointers);
        let operation_id = operation
            .get("operationId")
            .and_then(|f| values::line_or_nothing(f, p, "listOrders"));
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
            found.add(At::new(route, &field.place), cut);
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
