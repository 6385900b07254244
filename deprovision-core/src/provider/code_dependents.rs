//! Whose code names an API.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::catalog::{Api, Contact, Directory, EmailAddress};
use crate::id::{ApiId, CallerId, PersonId};
use crate::observation::Observation;
use crate::provider::{CodeOwner, CodeSearch, OwnerResolver, ProviderError};
use crate::time::Timestamp;

/// Finds those whose code names an API: the owners that the repositories name for the
/// lines (`CODEOWNERS`), by a [`Directory`] of handles; else who changed the file last, by
/// the address in the version.
///
/// A handle that the directory does not have is told as a gap: nobody can be told by it.
pub struct CodeDependents {
    search: Arc<dyn CodeSearch>,
    directory: Directory,
}

impl fmt::Debug for CodeDependents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeDependents").finish_non_exhaustive()
    }
}

impl CodeDependents {
    /// Over a search that knows owners.
    #[must_use]
    pub fn new(search: Arc<dyn CodeSearch>, directory: Directory) -> Self {
        Self { search, directory }
    }
}

#[async_trait]
impl OwnerResolver for CodeDependents {
    async fn owners(&self, _api: &ApiId) -> Result<Observation<Vec<Contact>>, ProviderError> {
        Ok(Observation::complete(Vec::new(), Timestamp::now()))
    }

    async fn consumer(
        &self,
        _api: &ApiId,
        _caller: &CallerId,
    ) -> Result<Observation<Vec<Contact>>, ProviderError> {
        Ok(Observation::complete(Vec::new(), Timestamp::now()))
    }

    async fn dependents(&self, api: &Api) -> Result<Observation<Vec<Contact>>, ProviderError> {
        let mut people: BTreeMap<PersonId, Contact> = BTreeMap::new();
        let (mut strangers, mut doubts) = (BTreeSet::new(), Vec::new());
        for repository in &api.resources.repositories {
            let seen = self.search.references(repository, api).await?;
            if let Some(doubt) = seen.doubt() {
                doubts.push(format!("{}: {doubt}", repository.name()));
            }
            let Observation::Known { value, .. } = seen else {
                continue;
            };
            for reference in value {
                for contact in self.behind(reference.owner.as_ref(), &mut strangers) {
                    people.entry(contact.person.clone()).or_insert(contact);
                }
            }
        }
        doubts.extend(
            strangers
                .into_iter()
                .map(|name| format!("{name} owns code that names it, and is not in the directory")),
        );
        let (people, now) = (people.into_values().collect(), Timestamp::now());
        Ok(if doubts.is_empty() {
            Observation::complete(people, now)
        } else {
            Observation::partial(people, now, doubts.join("; "))
        })
    }
}

impl CodeDependents {
    fn behind(&self, owner: Option<&CodeOwner>, strangers: &mut BTreeSet<String>) -> Vec<Contact> {
        let names: Vec<&str> = match owner {
            None => return Vec::new(),
            Some(CodeOwner::Named(names)) => names.iter().map(String::as_str).collect(),
            Some(CodeOwner::LastAuthor(author)) => vec![address(author)],
        };
        let mut found = Vec::new();
        for name in names {
            match self.contact(name) {
                Some(contact) => found.push(contact),
                None => {
                    strangers.insert(name.to_owned());
                }
            }
        }
        found
    }

    /// A handle of the directory, or an address as it stands.
    fn contact(&self, name: &str) -> Option<Contact> {
        if let Some(contact) = self.directory.behind_handle(name) {
            return Some(contact.clone());
        }
        let email: EmailAddress = name.parse().ok()?;
        Some(Contact::new(PersonId::parse(name).ok()?, email))
    }
}

/// `Dana <dana@example.com>` by its address.
fn address(author: &str) -> &str {
    let inside = author.rsplit_once('<').map(|(_, rest)| rest);
    inside
        .map_or(author, |rest| rest.trim_end_matches('>'))
        .trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Source;
    use crate::provider::{Marker, Reference, ReferenceKind};
    use crate::resource::RepositoryId;

    struct Found(Vec<Option<CodeOwner>>);

    #[async_trait]
    impl CodeSearch for Found {
        async fn references(
            &self,
            _: &RepositoryId,
            api: &Api,
        ) -> Result<Observation<Vec<Reference>>, ProviderError> {
            let marker = Marker::new("orders", "host");
            let references = self.0.iter().map(|owner| {
                let mut reference = Reference::new(
                    api.id.clone(),
                    "a.rs",
                    1,
                    1,
                    marker.clone(),
                    ReferenceKind::Call,
                );
                reference.owner.clone_from(owner);
                reference
            });
            Ok(Observation::complete(
                references.collect(),
                Timestamp::now(),
            ))
        }
    }

    #[tokio::test]
    async fn owners_are_those_of_the_directory_and_authors_and_strangers_are_a_gap() {
        let named = |names: &[&str]| {
            Some(CodeOwner::Named(
                names.iter().map(|n| (*n).to_owned()).collect(),
            ))
        };
        let search = Found(vec![
            named(&["@acme/platform", "@stranger"]),
            named(&["@ACME/Platform", "wes@example.com"]),
            Some(CodeOwner::LastAuthor("Ann <ann@example.com>".to_owned())),
            None,
        ]);
        let text = "handles:\n  '@acme/platform': {person: platform, email: p@example.com}\n";
        let directory = Directory::read(&Source::new("d.yaml", text)).unwrap();
        let resolver = CodeDependents::new(Arc::new(search), directory);
        let mut api = Api::new("orders-v1".parse().unwrap(), "Orders");
        api.resources
            .repositories
            .push("git:a:local:shop".parse().unwrap());
        let seen = resolver.dependents(&api).await.unwrap();
        let doubt = seen.doubt().unwrap().to_owned();
        assert!(doubt.contains("@stranger owns code"), "{doubt}");
        let Observation::Known { value, .. } = seen else {
            panic!("it is known in part");
        };
        let emails: Vec<String> = value.iter().map(|c| c.email.to_string()).collect();
        assert_eq!(
            emails,
            ["ann@example.com", "p@example.com", "wes@example.com"]
        );
    }
}
