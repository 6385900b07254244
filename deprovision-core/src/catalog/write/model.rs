//! The model as a tree, with its fields in the order in which people read them.

use crate::catalog::tree::{Entry, Node, Value};
use crate::catalog::words::Word;
use crate::catalog::{Api, Catalog, Contact, Resources, Route};

pub(crate) fn text(text: impl ToString) -> Node {
    Node::new(0, Value::Text(text.to_string()))
}

pub(crate) fn list(items: impl IntoIterator<Item = Node>) -> Node {
    Node::new(0, Value::List(items.into_iter().collect()))
}

pub(crate) fn table<K: ToString>(fields: impl IntoIterator<Item = (K, Node)>) -> Node {
    let entries = fields.into_iter().map(|(key, value)| Entry {
        key: key.to_string(),
        line: 0,
        value,
    });
    Node::new(0, Value::Table(entries.collect()))
}

pub(super) fn catalog(catalog: &Catalog) -> Node {
    table([
        ("version", Node::new(0, Value::Number("1".to_owned()))),
        ("apis", list(catalog.apis.values().map(api))),
    ])
}

fn api(api: &Api) -> Node {
    let fields = crate::catalog::read::API_FIELDS;
    table(
        fields
            .iter()
            .filter_map(|name| Some((name, field(api, name)?))),
    )
}

/// A field of an API by its name; nothing when it is empty.
pub(crate) fn field(api: &Api, name: &str) -> Option<Node> {
    let node = match name {
        "id" => text(&api.id),
        "title" => text(&api.title),
        "lifecycle" => text(api.lifecycle.word()),
        "owner" => contact(api.owner.as_ref()?),
        "stakeholders" => list(api.stakeholders.iter().map(|stakeholder| {
            table([
                ("contact", contact(&stakeholder.contact)),
                ("role", text(&stakeholder.role)),
            ])
        })),
        "consumers" => table(api.consumers.iter().map(|(id, who)| (id, contact(who)))),
        "hosts" => list(api.hosts.iter().map(text)),
        "url" => text(api.url.as_ref()?),
        "routes" => list(api.routes.iter().map(route)),
        "faces" => list(
            api.faces
                .iter()
                .map(|face| table([("kind", text(face.kind.word())), ("name", text(&face.name))])),
        ),
        "resources" => resources(&api.resources),
        "successor" => text(api.successor.as_ref()?),
        "sunset" => text(api.sunset?),
        "documentation" => text(api.documentation.as_ref()?),
        "criticality" => text(api.criticality.word()),
        "usage_sources" => list(api.usage_sources.iter().map(text)),
        "markers" => list(api.markers.iter().map(text)),
        "labels" => table(api.labels.iter().map(|(key, value)| (key, text(value)))),
        _ => return None,
    };
    match &node.value {
        Value::List(items) if items.is_empty() => None,
        Value::Table(entries) if entries.is_empty() => None,
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Text(_)
        | Value::List(_)
        | Value::Table(_)
        | Value::Broken => Some(node),
    }
}

fn contact(contact: &Contact) -> Node {
    let mut fields = vec![
        ("person", text(&contact.person)),
        ("email", text(&contact.email)),
    ];
    if let Some(zone) = &contact.time_zone {
        fields.push(("time_zone", text(zone)));
    }
    if let Some(language) = &contact.language {
        fields.push(("language", text(language)));
    }
    table(fields)
}

fn route(route: &Route) -> Node {
    let mut fields = vec![
        ("method", text(route.method.word())),
        ("path", text(&route.path)),
    ];
    if let Some(id) = &route.operation_id {
        fields.push(("operation_id", text(id)));
    }
    if route.deprecated {
        fields.push(("deprecated", Node::new(0, Value::Bool(true))));
    }
    if let Some(sunset) = route.sunset {
        fields.push(("sunset", text(sunset)));
    }
    table(fields)
}

fn resources(resources: &Resources) -> Node {
    fn ids<T: std::fmt::Display>(ids: &[T]) -> Node {
        list(ids.iter().map(text))
    }
    let lists = [
        ("access_paths", ids(&resources.access_paths)),
        ("issuers", ids(&resources.issuers)),
        ("credentials", ids(&resources.credentials)),
        ("grants", ids(&resources.grants)),
        ("datasets", ids(&resources.datasets)),
        ("documents", ids(&resources.documents)),
        ("repositories", ids(&resources.repositories)),
    ];
    table(
        lists
            .into_iter()
            .filter(|(_, ids)| ids.value != Value::List(Vec::new())),
    )
}
