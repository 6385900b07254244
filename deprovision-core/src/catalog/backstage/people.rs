//! Groups, who is in them, and where they are reached.

use std::collections::{BTreeMap, BTreeSet};

use super::entity::{Entity, EntityKind, reference};
use super::read::contacts;
use crate::catalog::Contact;
use crate::catalog::read::Problems;

/// A reference that leads to nobody who can be told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[non_exhaustive]
pub enum Unresolved {
    /// No entity of that reference was read.
    #[error("{0} is in none of the files; add the file that describes it, or mend the reference")]
    NoSuchEntity(String),
    /// It has no address, nor has anybody who belongs to it.
    #[error("{0} has no address, nor has anybody in it; write its spec.profile.email")]
    NoAddress(String),
}

/// Who was reached for a reference, at least one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Reached {
    /// Who, each once.
    pub people: Vec<Contact>,
    /// Who belongs to it and was not reached.
    pub missed: Vec<Unresolved>,
}

/// Users and groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct People {
    contacts: BTreeMap<String, Contact>,
    /// Who belongs to a user or group: nobody to a user, to a group its members and the
    /// groups below it.
    belong: BTreeMap<String, BTreeSet<String>>,
}

/// Fields that name what belongs to an entity, and the kind that is meant without one.
const DOWN: [(&str, &str); 2] = [("members", "user"), ("children", "group")];
/// Fields that name what an entity belongs to: one name, or a list.
const UP: [(&str, &str); 2] = [("memberOf", "group"), ("parent", "group")];

impl People {
    /// Reads users and groups; other entities are passed over.
    pub(super) fn read(entities: &[Entity<'_>], p: &mut Problems) -> Self {
        let mut people = Self {
            contacts: contacts(entities, p),
            belong: BTreeMap::new(),
        };
        let mut belongs = Vec::new();
        for entity in entities.iter().filter(|e| e.kind == EntityKind::Person) {
            p.begin_file(entity.partial);
            people.belong.entry(entity.reference.clone()).or_default();
            let Some(spec) = &entity.spec else { continue };
            let here = &entity.reference;
            for (name, kind) in DOWN {
                let fields = spec.get(name).map(|f| f.items(p)).unwrap_or_default();
                for field in fields {
                    let there = reference(&field, kind, &entity.namespace, p);
                    belongs.extend(there.map(|there| (here.clone(), there)));
                }
            }
            for (name, kind) in UP {
                let Some(field) = spec.get(name) else {
                    continue;
                };
                let fields = match name {
                    "parent" => vec![field.clone()],
                    _ => field.items(p),
                };
                for field in fields {
                    let there = reference(&field, kind, &entity.namespace, p);
                    belongs.extend(there.map(|there| (there, here.clone())));
                }
            }
        }
        for (group, one) in belongs {
            // A group that nobody describes stays unknown, whoever says to be in it.
            if let Some(all) = people.belong.get_mut(&group) {
                all.insert(one);
            }
        }
        people
    }

    /// Who is reached for a user or a group: its own address, or else the addresses of
    /// those who belong to it, each found in the same way.
    ///
    /// # Errors
    /// [`Unresolved`] when nobody is.
    pub(super) fn behind(&self, reference: &str) -> Result<Reached, Unresolved> {
        let (mut found, mut missed) = (BTreeMap::new(), BTreeSet::new());
        let (mut seen, mut open) = (BTreeSet::new(), vec![reference]);
        // Groups may hold one another: each is looked at once.
        while let Some(one) = open.pop() {
            if !seen.insert(one) {
                continue;
            }
            if let Some(contact) = self.contacts.get(one) {
                found.insert(contact.person.clone(), contact.clone());
                continue;
            }
            match self.belong.get(one) {
                None => {
                    missed.insert(Unresolved::NoSuchEntity(one.to_owned()));
                }
                Some(nobody) if nobody.is_empty() => {
                    missed.insert(Unresolved::NoAddress(one.to_owned()));
                }
                Some(all) => open.extend(all.iter().map(String::as_str)),
            }
        }
        if found.is_empty() {
            return Err(match self.belong.contains_key(reference) {
                true => Unresolved::NoAddress(reference.to_owned()),
                false => Unresolved::NoSuchEntity(reference.to_owned()),
            });
        }
        Ok(Reached {
            people: found.into_values().collect(),
            missed: missed.into_iter().collect(),
        })
    }
}
