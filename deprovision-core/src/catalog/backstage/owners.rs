//! Who owns what, by Backstage's entities.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::annotations::{Annotations, api_fields};
use super::entity::{Entity, EntityKind, collect};
use super::people::{People, Reached, Unresolved};
use super::read::{api_id, owner_of, referred, seen_as};
use crate::catalog::read::Problems;
use crate::catalog::tree::{Parsed, parse_yaml};
use crate::catalog::{CatalogErrors, Source};
use crate::id::{ApiId, CallerId};

/// Who owns APIs and who is behind their callers, by the `API`, `Component`, `Group` and
/// `User` entities of Backstage.
///
/// [`Catalog::read`](crate::catalog::Catalog::read) takes an owner that has an address of
/// its own. This one looks into groups as well:
///
/// - A reference without a kind or a namespace is completed as Backstage does: an owner is a
///   `Group`, a member a `User`, in the namespace of whatever refers to it
///   (<https://backstage.io/docs/features/software-catalog/references/>).
/// - A user or group with `spec.profile.email` is reached there, and nobody else is told: a
///   team that has an address of its own has said where it wants to be told.
/// - A group without is reached by those who belong to it: its `spec.members`, the users
///   that name it in `spec.memberOf`, its `spec.children`, and the groups that name it as
///   `spec.parent`. Groups that hold one another end nowhere twice. The groups above it are
///   not asked: they own something else.
/// - Where nobody is reached, that is [`Unresolved`], never an empty list.
///
/// An API is owned by the `spec.owner` of its entity or, where it has none, by that of the
/// components that provide it. An API with the annotation `deprovision.dev/owner` is left to
/// the catalog, which has its owner.
///
/// ```
/// use deprovision_core::catalog::{BackstageOwners, Source};
/// let text = "
/// apiVersion: backstage.io/v1alpha1
/// kind: API
/// metadata: {name: orders-v1}
/// spec: {type: openapi, lifecycle: production, owner: platform}
/// ---
/// apiVersion: backstage.io/v1alpha1
/// kind: Group
/// metadata: {name: platform}
/// spec: {type: team, children: []}
/// ---
/// apiVersion: backstage.io/v1alpha1
/// kind: User
/// metadata: {name: dana}
/// spec: {profile: {email: dana@example.com}, memberOf: [platform]}
/// ";
/// let owners = BackstageOwners::read(&[Source::new("catalog-info.yaml", text)])?;
/// let reached = owners.of(&"orders-v1".parse()?).expect("it has an owner")?;
/// assert_eq!(reached.people[0].email.as_str(), "dana@example.com");
/// assert!(reached.missed.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackstageOwners {
    people: People,
    apis: BTreeMap<ApiId, Vec<String>>,
    callers: BTreeMap<CallerId, Vec<String>>,
}

impl BackstageOwners {
    /// Reads files of entities, which are YAML or JSON.
    ///
    /// # Errors
    /// [`CatalogErrors`] with every mistake in what is read here, each with its line and
    /// field.
    pub fn read(sources: &[Source<'_>]) -> Result<Self, CatalogErrors> {
        let mut p = Problems::default();
        let names: Vec<Arc<str>> = sources.iter().map(|s| Arc::from(s.name)).collect();
        let trees: Vec<Parsed> = sources.iter().map(|s| parse_yaml(s.text, 1)).collect();
        let mut entities = Vec::new();
        for (name, parsed) in names.iter().zip(&trees) {
            p.begin_file(parsed.partial);
            p.add_tree(name, "", &parsed.errors);
            collect(name, parsed, &mut entities, &mut p);
        }
        let owners = Self::from_entities(&entities, &mut p);
        p.finish(&names)?;
        Ok(owners)
    }

    fn from_entities(entities: &[Entity<'_>], p: &mut Problems) -> Self {
        let mut owners = Self {
            people: People::read(entities, p),
            ..Self::default()
        };
        let mut ids = BTreeMap::new();
        let mut left_to_the_catalog = Vec::new();
        for entity in entities.iter().filter(|e| e.kind == EntityKind::Api) {
            p.begin_file(entity.partial);
            let annotations = Annotations::read(&entity.metadata, &api_fields(), p);
            let table = annotations.table(&entity.place);
            let Some(id) = api_id(entity, &table, p) else {
                continue;
            };
            ids.insert(entity.reference.clone(), id.clone());
            match (table.get("owner"), owner(entity, p)) {
                (Some(_), _) => left_to_the_catalog.push(id),
                (None, Some(owner)) => {
                    owners.apis.insert(id, vec![owner]);
                }
                (None, None) => {}
            }
        }
        let mut provided: BTreeMap<ApiId, Vec<String>> = BTreeMap::new();
        for entity in entities.iter().filter(|e| e.kind == EntityKind::Component) {
            p.begin_file(entity.partial);
            let Some(owner) = owner(entity, p) else {
                continue;
            };
            for caller in seen_as(entity, p) {
                owners
                    .callers
                    .entry(caller)
                    .or_default()
                    .push(owner.clone());
            }
            let spec = entity.spec.as_ref();
            let apis = spec.and_then(|spec| spec.get("providesApis"));
            for field in apis.map(|f| f.items(p)).unwrap_or_default() {
                if let Some(id) = referred(&field, entity, &ids, p) {
                    provided.entry(id).or_default().push(owner.clone());
                }
            }
        }
        for (id, by) in provided {
            if !left_to_the_catalog.contains(&id) {
                owners.apis.entry(id).or_insert(by);
            }
        }
        owners
    }

    /// Who owns an API. Nothing when no entity names
    /// an owner of it.
    ///
    /// # Errors
    /// Inside, [`Unresolved`] when there is an owner, and nobody is reached.
    #[must_use]
    pub fn of(&self, api: &ApiId) -> Option<Result<Reached, Unresolved>> {
        self.all(self.apis.get(api)?)
    }

    /// Who is behind a caller: the owners of the component that has this id, or is seen as it
    /// (`deprovision.dev/caller-ids`). Nothing when no component is.
    ///
    /// # Errors
    /// Inside, [`Unresolved`] when the component has an owner, and nobody is reached.
    #[must_use]
    pub fn behind(&self, caller: &CallerId) -> Option<Result<Reached, Unresolved>> {
        self.all(self.callers.get(caller)?)
    }

    /// Those behind any of the references.
    fn all(&self, references: &[String]) -> Option<Result<Reached, Unresolved>> {
        let (mut found, mut missed) = (BTreeMap::new(), Vec::new());
        for reference in references {
            match self.people.behind(reference) {
                Ok(reached) => {
                    let people = reached.people.into_iter();
                    found.extend(people.map(|contact| (contact.person.clone(), contact)));
                    missed.extend(reached.missed);
                }
                Err(why) => missed.push(why),
            }
        }
        missed.sort();
        missed.dedup();
        if found.is_empty() {
            return missed.into_iter().next().map(Err);
        }
        let people = found.into_values().collect();
        Some(Ok(Reached { people, missed }))
    }
}

/// Whom the entity's `spec.owner` refers to.
fn owner(entity: &Entity<'_>, p: &mut Problems) -> Option<String> {
    owner_of(entity.spec.as_ref()?.get("owner")?, entity, p)
}
