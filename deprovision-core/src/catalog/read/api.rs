//! The fields of an API, as our own form and Backstage's annotations have them.

use std::collections::BTreeMap;

use super::{At, Draft, Field, Problems, Table, values};
use crate::catalog::{
    CatalogErrorKind as Kind, Contact, EmailAddress, Face, Place, Route, Stakeholder,
};
use crate::id::{CallerId, ParseIdError};
use crate::resource::{
    AccessPathId, CredentialId, DatasetId, DocumentId, GrantId, IssuerId, RepositoryId, ResourceRef,
};

/// All fields of an API, in the order in which they are written.
pub(crate) const API_FIELDS: &[&str] = &[
    "id",
    "title",
    "lifecycle",
    "owner",
    "stakeholders",
    "consumers",
    "hosts",
    "url",
    "routes",
    "faces",
    "resources",
    "successor",
    "sunset",
    "documentation",
    "criticality",
    "usage_sources",
    "markers",
    "labels",
];
const CONTACT_FIELDS: &[&str] = &["person", "email", "time_zone", "language"];
const STAKEHOLDER_FIELDS: &[&str] = &["contact", "role"];
const ROUTE_FIELDS: &[&str] = &["method", "path", "operation_id", "deprecated", "sunset"];
const FACE_FIELDS: &[&str] = &["kind", "name"];

type ParseResource = fn(&str) -> Result<ResourceRef, ParseIdError>;

/// The lists of resources, and how an item of each is parsed.
const RESOURCES: &[(&str, ParseResource)] = &[
    ("access_paths", |t| Ok(t.parse::<AccessPathId>()?.into())),
    ("issuers", |t| Ok(t.parse::<IssuerId>()?.into())),
    ("credentials", |t| Ok(t.parse::<CredentialId>()?.into())),
    ("grants", |t| Ok(t.parse::<GrantId>()?.into())),
    ("datasets", |t| Ok(t.parse::<DatasetId>()?.into())),
    ("documents", |t| Ok(t.parse::<DocumentId>()?.into())),
    ("repositories", |t| Ok(t.parse::<RepositoryId>()?.into())),
];

/// The fields of every table, by the name that the schema has for it.
#[cfg(test)]
pub(crate) fn schema_fields() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("contact", CONTACT_FIELDS.to_vec()),
        ("stakeholder", STAKEHOLDER_FIELDS.to_vec()),
        ("route", ROUTE_FIELDS.to_vec()),
        ("face", FACE_FIELDS.to_vec()),
        ("resources", resource_fields()),
    ]
}

fn resource_fields() -> Vec<&'static str> {
    RESOURCES.iter().map(|(name, _)| *name).collect()
}

/// Reads all fields but id and title, whose names the caller has checked.
pub(crate) fn fill(table: &Table<'_>, draft: &mut Draft, p: &mut Problems) {
    let get = |name| table.get(name);
    fn at<T>(
        field: Option<&Field<'_>>,
        value: impl FnOnce(&Field<'_>) -> Option<T>,
    ) -> Option<At<T>> {
        let field = field?;
        Some(At::new(value(field)?, &field.place))
    }
    draft.lifecycle = at(get("lifecycle"), |f| f.word(p));
    draft.owner = at(get("owner"), |f| contact(f, p));
    draft.stakeholders = list(get("stakeholders"), p, stakeholder);
    draft.consumers = consumers(get("consumers"), p);
    draft.hosts = list(get("hosts"), p, values::host);
    draft.routes = each(get("routes"), p, route);
    routes_clash(&draft.routes, p);
    draft.faces = list(get("faces"), p, face);
    draft.resources = resources(get("resources"), p);
    draft.successor = at(get("successor"), |f| f.parsed(p, "orders-v2"));
    draft.sunset = at(get("sunset"), |f| values::instant(f, p));
    draft.url = at(get("url"), |f| values::url(f, p));
    draft.documentation = at(get("documentation"), |f| values::url(f, p));
    draft.criticality = at(get("criticality"), |f| f.word(p));
    draft.usage_sources = list(get("usage_sources"), p, |f, p| {
        values::line(f, p, "gateway-log")
    });
    draft.markers = list(get("markers"), p, |f, p| values::line(f, p, "orders-sdk"));
    draft.labels = labels(get("labels"), p);
}

/// A list whose items are all different.
fn list<T: Ord>(
    field: Option<&Field<'_>>,
    problems: &mut Problems,
    item: impl FnMut(&Field<'_>, &mut Problems) -> Option<T>,
) -> Vec<At<T>> {
    let all = each(field, problems, item);
    let mut order: Vec<&At<T>> = all.iter().collect();
    // The sort is stable: of equal items, the first in the file stays first.
    order.sort_by(|a, b| a.value.cmp(&b.value));
    for pair in order.windows(2) {
        if let [first, second] = pair
            && first.value == second.value
        {
            twice(&second.place, &first.place, "the item", problems);
        }
    }
    all
}

/// A list.
fn each<T>(
    field: Option<&Field<'_>>,
    problems: &mut Problems,
    mut item: impl FnMut(&Field<'_>, &mut Problems) -> Option<T>,
) -> Vec<At<T>> {
    let mut all = Vec::new();
    for field in field.map(|f| f.items(problems)).unwrap_or_default() {
        if let Some(value) = item(&field, problems) {
            all.push(At::new(value, &field.place));
        }
    }
    all
}

/// A person and where they are reached.
pub(crate) fn contact(field: &Field<'_>, p: &mut Problems) -> Option<Contact> {
    let table = field.table(p, CONTACT_FIELDS)?;
    let person = table
        .required("person", p, "write who it is, for example dana@example.com")
        .and_then(|f| f.parsed(p, "dana@example.com"));
    let email = table
        .required("email", p, "write where notices reach them")
        .and_then(|f| f.parsed::<EmailAddress>(p, "dana@example.com"));
    let time_zone = table
        .get("time_zone")
        .and_then(|f| f.parsed(p, "Europe/Berlin"));
    let language = table.get("language").and_then(|f| f.parsed(p, "de"));
    let mut contact = Contact::new(person?, email?);
    contact.time_zone = time_zone;
    contact.language = language;
    Some(contact)
}

fn stakeholder(field: &Field<'_>, p: &mut Problems) -> Option<Stakeholder> {
    let table = field.table(p, STAKEHOLDER_FIELDS)?;
    let who = table
        .required("contact", p, "write a table with person and email")
        .and_then(|f| contact(f, p));
    let role = table
        .required(
            "role",
            p,
            "write as what they are told, for example security",
        )
        .and_then(|f| f.parsed(p, "security"));
    Some(Stakeholder::new(who?, role?))
}

fn consumers(field: Option<&Field<'_>>, p: &mut Problems) -> Vec<At<(CallerId, Contact)>> {
    let mut all = Vec::new();
    let Some(table) = field.and_then(|f| f.open_table(p)) else {
        return all;
    };
    for (caller, field) in table.iter() {
        let id = CallerId::parse(caller)
            .map_err(|error| p.add(Kind::BadValue, &field.place, error.to_string(), ""));
        if let (Ok(id), Some(contact)) = (id, contact(field, p)) {
            all.push(At::new((id, contact), &field.place));
        }
    }
    all
}

fn route(field: &Field<'_>, p: &mut Problems) -> Option<Route> {
    let table = field.table(p, ROUTE_FIELDS)?;
    let method = table
        .required("method", p, "write GET or another method")
        .and_then(|f| f.word(p));
    let path = table
        .required("path", p, "write the path, for example /v1/orders/{id}")
        .and_then(|f| values::path(f, p));
    let operation_id = table
        .get("operation_id")
        .and_then(|f| values::line(f, p, "listOrders"));
    let deprecated = table.get("deprecated").and_then(|f| f.boolean(p));
    let sunset = table.get("sunset").and_then(|f| values::instant(f, p));
    Some(Route {
        operation_id,
        deprecated: deprecated.unwrap_or_default(),
        sunset,
        ..Route::new(method?, path?)
    })
}

/// Reports routes that are there twice: same method, same path but for the names
/// of its parameters.
pub(crate) fn routes_clash(routes: &[At<Route>], p: &mut Problems) {
    let mut seen: BTreeMap<_, &Place> = BTreeMap::new();
    for route in routes {
        let key = (route.value.method, values::shape(&route.value.path));
        if let Some(first) = seen.get(&key) {
            twice(&route.place, first, "the route", p);
        } else {
            seen.insert(key, &route.place);
        }
    }
}

fn face(field: &Field<'_>, p: &mut Problems) -> Option<Face> {
    let table = field.table(p, FACE_FIELDS)?;
    let kind = table
        .required(
            "kind",
            p,
            "write stage, alias, mirror, documentation or sdk",
        )
        .and_then(|f| f.word(p));
    let name = table
        .required("name", p, "write the name of the stage, host or page")
        .and_then(|f| values::line(f, p, "staging"));
    Some(Face::new(kind?, name?))
}

fn resources(field: Option<&Field<'_>>, p: &mut Problems) -> Vec<At<ResourceRef>> {
    let mut all = Vec::new();
    let Some(table) = field.and_then(|f| f.table(p, &resource_fields())) else {
        return all;
    };
    for (name, parse) in RESOURCES {
        all.extend(list(table.get(name), p, |field, p| {
            let text = field.text(p, "keyfile:shop:local:ak_1")?;
            parse(text)
                .map_err(|error| p.add(Kind::BadValue, &field.place, error.to_string(), ""))
                .ok()
        }));
    }
    all
}

fn labels(field: Option<&Field<'_>>, p: &mut Problems) -> Vec<At<(String, String)>> {
    let mut all = Vec::new();
    let Some(table) = field.and_then(|f| f.open_table(p)) else {
        return all;
    };
    for (key, field) in table.iter() {
        if key.is_empty() || key.len() > 256 || key.chars().any(char::is_control) {
            p.bad_value(&field.place, key, "is not a label", "write one short word");
        } else if let Some(value) = values::line(field, p, "some text") {
            all.push(At::new((key.to_owned(), value), &field.place));
        }
    }
    all
}

pub(crate) fn twice(second: &Place, first: &Place, what: &str, p: &mut Problems) {
    p.add_pair(
        Kind::Duplicate,
        second,
        first,
        format!("{what} is there twice, first at {}", first.short()),
        "leave one of them out",
    );
}
