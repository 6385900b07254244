//! From entities to drafts.

use std::collections::BTreeMap;

use super::annotations::{Annotations, api_fields, embedded};
use super::entity::{Entity, EntityKind, reference};
use crate::catalog::read::{At, Draft, Field, Problems, Says, Table, fill, values};
use crate::catalog::tree::Value;
use crate::catalog::{CatalogErrorKind as Kind, Contact, EmailAddress, Form, Place, openapi};
use crate::id::{ApiId, CallerId, PersonId};

/// An owner that is known by name and has no address.
pub(in crate::catalog) const OWNER_LABEL: &str = "backstage.io/owner";
/// Consumers that are known by name and have no address.
pub(in crate::catalog) const CONSUMERS_LABEL: &str = "backstage.io/unreachable-consumers";
/// What Backstage demands to be written when there is no owner.
pub(super) const NOBODY: &str = "unknown";

/// Reads entities; what they say is added to `drafts`.
pub(crate) fn read(entities: &[Entity<'_>], drafts: &mut Vec<Draft>, p: &mut Problems) {
    let contacts = contacts(entities, p);
    let mut ids = BTreeMap::new();
    for entity in entities.iter().filter(|e| e.kind == EntityKind::Api) {
        p.begin_file(entity.partial);
        if let Some(id) = api(entity, &contacts, drafts, p) {
            ids.insert(entity.reference.clone(), id);
        }
    }
    let mut callers = BTreeMap::new();
    for entity in entities.iter().filter(|e| e.kind == EntityKind::Component) {
        p.begin_file(entity.partial);
        component(entity, &contacts, &ids, &mut callers, drafts, p);
    }
    drafts.extend(callers.into_iter().filter_map(|(id, c)| c.draft(id)));
}

/// Where people and groups are reached.
pub(super) fn contacts(entities: &[Entity<'_>], p: &mut Problems) -> BTreeMap<String, Contact> {
    let mut contacts = BTreeMap::new();
    for entity in entities.iter().filter(|e| e.kind == EntityKind::Person) {
        p.begin_file(entity.partial);
        let email: Option<EmailAddress> = entity
            .spec
            .as_ref()
            .and_then(|spec| spec.get("profile"))
            .and_then(|f| f.open_table(p))
            .and_then(|profile| profile.get("email")?.parsed(p, "team@example.com"));
        match (PersonId::parse(entity.reference.as_str()), email) {
            (Ok(person), Some(email)) => {
                contacts.insert(entity.reference.clone(), Contact::new(person, email));
            }
            (Ok(_), None) => {}
            (Err(error), _) => p.add(Kind::BadValue, &entity.place, error.to_string(), ""),
        }
    }
    contacts
}

fn api(
    entity: &Entity<'_>,
    contacts: &BTreeMap<String, Contact>,
    drafts: &mut Vec<Draft>,
    p: &mut Problems,
) -> Option<ApiId> {
    let annotations = Annotations::read(&entity.metadata, &api_fields(), p);
    let table = annotations.table(&entity.place);
    let id = api_id(entity, &table, p)?;
    let mut draft = Draft::new(At::new(id.clone(), &entity.place), Form::Backstage);
    draft.title = match entity.metadata.get("title") {
        Some(field) => values::line(field, p, "Orders").map(|title| At::new(title, &field.place)),
        None => Some(At::new(entity.name.clone(), &entity.place)),
    };
    p.inside(annotations.partial, |p| fill(&table, &mut draft, p));
    if let Some(spec) = &entity.spec {
        if table.get("lifecycle").is_none() {
            draft.lifecycle = spec
                .required("lifecycle", p, "write lifecycle: production")
                .and_then(|f| Some(At::new(f.word(p)?, &f.place)));
        }
        let owner = spec.required(
            "owner",
            p,
            "write owner: with the group that answers for it",
        );
        if let (None, Some(owner)) = (table.get("owner"), owner) {
            take_owner(owner, entity, contacts, &mut draft, p);
        }
        if let Some(definition) = spec.get("definition") {
            drafts.extend(defined(definition, spec.get("type"), &id, p));
        }
    }
    drafts.push(draft);
    Some(id)
}

/// The id of an API: that of the annotation, or the entity's name.
pub(super) fn api_id(entity: &Entity<'_>, table: &Table<'_>, p: &mut Problems) -> Option<ApiId> {
    match table.get("id") {
        Some(field) => field.parsed(p, "orders-v1"),
        None => named(&entity.namespace, &entity.name)
            .map_err(|error| p.add(Kind::BadValue, &entity.place, error.to_string(), ""))
            .ok(),
    }
}

fn named(namespace: &str, name: &str) -> Result<ApiId, crate::id::ParseIdError> {
    if namespace == "default" {
        ApiId::parse(name)
    } else {
        ApiId::parse(format!("{namespace}/{name}"))
    }
}

/// Whom `spec.owner` refers to; none where it says that there is nobody.
pub(super) fn owner_of(owner: &Field<'_>, entity: &Entity<'_>, p: &mut Problems) -> Option<String> {
    match &owner.node.value {
        Value::Text(text) if text == NOBODY => None,
        _ => reference(owner, "group", &entity.namespace, p),
    }
}

fn take_owner(
    owner: &Field<'_>,
    entity: &Entity<'_>,
    contacts: &BTreeMap<String, Contact>,
    draft: &mut Draft,
    p: &mut Problems,
) {
    let Some(reference) = owner_of(owner, entity, p) else {
        return;
    };
    match contacts.get(&reference) {
        Some(contact) => draft.owner = Some(At::new(contact.clone(), &owner.place)),
        // The annotation for labels, where it has this one, is what counts.
        None if draft.labels.iter().any(|at| at.value.0 == OWNER_LABEL) => {}
        None => draft
            .labels
            .push(At::new((OWNER_LABEL.to_owned(), reference), &owner.place)),
    }
}

/// What an OpenAPI text inside the entity says. A definition that is only referred
/// to (`$text: …`) is for the caller to read and to give as a file of its own.
fn defined(
    definition: &Field<'_>,
    kind: Option<&Field<'_>>,
    id: &ApiId,
    p: &mut Problems,
) -> Option<Draft> {
    if !matches!(kind.map(|f| &f.node.value), Some(Value::Text(kind)) if kind == "openapi") {
        return None;
    }
    let Value::Text(text) = &definition.node.value else {
        return None;
    };
    let parsed = embedded(text, definition, p);
    let root = parsed.documents.first()?;
    let place = Place::new(
        &definition.place.file,
        root.line,
        definition.place.field.clone(),
    );
    p.inside(parsed.partial, |p| {
        openapi::read_root(&Field::new(root, place), Some(id), p)
    })
}

/// Who calls an API.
#[derive(Default)]
struct Callers {
    known: Vec<At<(CallerId, Contact)>>,
    unreachable: Vec<String>,
    place: Option<Place>,
}

impl Callers {
    fn draft(self, id: ApiId) -> Option<Draft> {
        let place = self.place?;
        let mut draft = Draft::new(At::new(id, &place), Form::Backstage);
        draft.says = Says::Consumes;
        draft.consumers = self.known;
        if !self.unreachable.is_empty() {
            let names = self.unreachable.join(", ");
            draft
                .labels
                .push(At::new((CONSUMERS_LABEL.to_owned(), names), &place));
        }
        Some(draft)
    }
}

fn component(
    entity: &Entity<'_>,
    contacts: &BTreeMap<String, Contact>,
    ids: &BTreeMap<String, ApiId>,
    callers: &mut BTreeMap<ApiId, Callers>,
    drafts: &mut Vec<Draft>,
    p: &mut Problems,
) {
    let Some(spec) = &entity.spec else { return };
    let owner = spec
        .get("owner")
        .and_then(|f| Some(At::new(owner_of(f, entity, p)?, &f.place)));
    let contact = owner
        .as_ref()
        .and_then(|owner| Some(At::new(contacts.get(&owner.value)?.clone(), &owner.place)));
    let seen_as = seen_as(entity, p);
    for field in spec
        .get("providesApis")
        .map(|f| f.items(p))
        .unwrap_or_default()
    {
        let Some(id) = referred(&field, entity, ids, p) else {
            continue;
        };
        let mut draft = Draft::new(At::new(id, &field.place), Form::Backstage);
        draft.says = Says::Provides;
        draft.owner = contact.clone();
        drafts.push(draft);
    }
    for field in spec
        .get("consumesApis")
        .map(|f| f.items(p))
        .unwrap_or_default()
    {
        let Some(id) = referred(&field, entity, ids, p) else {
            continue;
        };
        let callers = callers.entry(id).or_default();
        callers.place.get_or_insert_with(|| field.place.clone());
        match &contact {
            Some(contact) => callers.known.extend(
                seen_as
                    .iter()
                    .map(|caller| At::new((caller.clone(), contact.value.clone()), &field.place)),
            ),
            None => callers.unreachable.push(entity.reference.clone()),
        }
    }
}

/// The ids under which a component is seen in access logs.
pub(super) fn seen_as(entity: &Entity<'_>, p: &mut Problems) -> Vec<CallerId> {
    let annotations = Annotations::read(&entity.metadata, &["caller_ids"], p);
    let table = annotations.table(&entity.place);
    match table.get("caller_ids") {
        Some(field) => {
            let items = field.items(p);
            items.iter().filter_map(|f| f.parsed(p, "ak_1")).collect()
        }
        None => CallerId::parse(entity.reference.as_str())
            .map_err(|error| p.add(Kind::BadValue, &entity.place, error.to_string(), ""))
            .into_iter()
            .collect(),
    }
}

pub(super) fn referred(
    field: &Field<'_>,
    entity: &Entity<'_>,
    ids: &BTreeMap<String, ApiId>,
    p: &mut Problems,
) -> Option<ApiId> {
    let reference = reference(field, "api", &entity.namespace, p)?;
    if let Some(id) = ids.get(&reference) {
        return Some(id.clone());
    }
    let (_, rest) = reference.split_once(':')?;
    let (namespace, name) = rest.split_once('/')?;
    named(namespace, name)
        .map_err(|error| p.add(Kind::BadValue, &field.place, error.to_string(), ""))
        .ok()
}
