//! The resolvers of core pass, and a model that breaks a promise does not.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;

use super::*;
use crate::catalog::{Directory, Source};
use crate::provider::{BackstageGroups, CodeDependents, CodeSearch, ProviderError, Reference};
use crate::resource::RepositoryId;
use crate::time::Timestamp;

/// Files of entities that grow.
#[derive(Default)]
struct Entities(Arc<Mutex<String>>);

impl Entities {
    fn add(&self, text: &str) {
        let mut all = self.0.lock().unwrap();
        all.push_str(text);
    }

    fn entity(&self, kind: &str, name: &str, spec: &str) {
        self.add(&format!(
            "---\napiVersion: backstage.io/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\n\
             spec: {{{spec}}}\n"
        ));
    }
}

#[async_trait]
impl OwnerFixture for Entities {
    fn resolver(&self) -> Box<dyn OwnerResolver> {
        let text = self.0.clone();
        Box::new(BackstageGroups::new(move || {
            let text = text.lock().unwrap().clone();
            Ok(vec![("catalog-info.yaml".to_owned(), text)])
        }))
    }

    async fn own(&self, api: &ApiId, owner: &Contact) -> Result<bool, Trouble> {
        self.entity(
            "API",
            api.as_str(),
            "type: a, lifecycle: production, owner: team",
        );
        self.entity("Group", "team", "children: []");
        let spec = format!("profile: {{email: {}}}, memberOf: [team]", owner.email);
        self.entity("User", owner.person.as_str(), &spec);
        Ok(true)
    }

    async fn own_unreachably(&self, api: &ApiId) -> Result<bool, Trouble> {
        self.entity(
            "API",
            api.as_str(),
            "type: a, lifecycle: production, owner: lost",
        );
        Ok(true)
    }

    async fn call(&self, caller: &CallerId, contact: &Contact) -> Result<bool, Trouble> {
        let spec = format!("profile: {{email: {}}}", contact.email);
        self.entity("User", contact.person.as_str(), &spec);
        self.add(&format!(
            "---\napiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: batch\n\
             \x20 annotations: {{deprovision.dev/caller-ids: '[{caller}]'}}\n\
             spec: {{owner: 'user:{}'}}\n",
            contact.person
        ));
        Ok(true)
    }
}

/// A directory of callers.
#[derive(Default)]
struct Callers(Mutex<String>);

#[async_trait]
impl OwnerFixture for Callers {
    fn resolver(&self) -> Box<dyn OwnerResolver> {
        let text = self.0.lock().unwrap().clone();
        Box::new(Directory::read(&Source::new("directory.yaml", &text)).unwrap())
    }

    async fn own(&self, _: &ApiId, _: &Contact) -> Result<bool, Trouble> {
        Ok(false)
    }

    async fn own_unreachably(&self, _: &ApiId) -> Result<bool, Trouble> {
        Ok(false)
    }

    async fn call(&self, caller: &CallerId, contact: &Contact) -> Result<bool, Trouble> {
        let Contact { person, email, .. } = contact;
        *self.0.lock().unwrap() =
            format!("callers:\n  {caller}: {{person: {person}, email: {email}}}\n");
        Ok(true)
    }
}

/// Code that names nothing.
struct Code;

#[async_trait]
impl CodeSearch for Code {
    async fn references(
        &self,
        _: &RepositoryId,
        _: &Api,
    ) -> Result<Observation<Vec<Reference>>, ProviderError> {
        Ok(Observation::complete(Vec::new(), Timestamp::now()))
    }
}

#[async_trait]
impl OwnerFixture for Code {
    fn resolver(&self) -> Box<dyn OwnerResolver> {
        Box::new(CodeDependents::new(Arc::new(Self), Directory::default()))
    }

    async fn own(&self, _: &ApiId, _: &Contact) -> Result<bool, Trouble> {
        Ok(false)
    }

    async fn own_unreachably(&self, _: &ApiId) -> Result<bool, Trouble> {
        Ok(false)
    }

    async fn call(&self, _: &CallerId, _: &Contact) -> Result<bool, Trouble> {
        Ok(false)
    }
}

#[tokio::test]
async fn the_resolvers_of_core_keep_their_promises() {
    assert_eq!(owner(&Entities::default()).await.unwrap(), 4);
    assert_eq!(owner(&Callers::default()).await.unwrap(), 4);
    assert_eq!(owner(&Code).await.unwrap(), 4);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    None,
    SomebodyByDefault,
    OneOwnerForAll,
    LostIsNobody,
    LostIsSomebodyElse,
    CallersArePrefixes,
    AskedTwice,
}

/// A resolver that keeps lists, with or without a bug.
#[derive(Clone)]
struct Model {
    bug: Bug,
    owners: Arc<Mutex<BTreeMap<ApiId, Option<Contact>>>>,
    callers: Arc<Mutex<BTreeMap<CallerId, Contact>>>,
    asked: Arc<Mutex<u32>>,
}

#[async_trait]
impl OwnerResolver for Model {
    async fn owners(&self, api: &ApiId) -> Result<Observation<Vec<Contact>>, ProviderError> {
        let now = Timestamp::now();
        let owners = self.owners.lock().unwrap();
        let mut asked = self.asked.lock().unwrap();
        *asked += 1;
        let somebody = || vec![contact("postmaster").unwrap()];
        Ok(match (self.bug, owners.get(api)) {
            (Bug::AskedTwice, Some(Some(_))) if asked.is_multiple_of(2) => {
                Observation::complete(Vec::new(), now)
            }
            (_, Some(Some(owner))) => Observation::complete(vec![owner.clone()], now),
            (Bug::LostIsNobody, Some(None)) => Observation::complete(Vec::new(), now),
            (Bug::LostIsSomebodyElse, Some(None)) => {
                Observation::partial(somebody(), now, "the owner is lost")
            }
            (_, Some(None)) => Observation::partial(Vec::new(), now, "the owner is lost"),
            (Bug::SomebodyByDefault, None) => Observation::complete(somebody(), now),
            (Bug::OneOwnerForAll, None) => {
                Observation::complete(owners.values().flatten().cloned().collect(), now)
            }
            (_, None) => Observation::complete(Vec::new(), now),
        })
    }

    async fn consumer(
        &self,
        _: &ApiId,
        caller: &CallerId,
    ) -> Result<Observation<Vec<Contact>>, ProviderError> {
        let callers = self.callers.lock().unwrap();
        let fits = |known: &CallerId| match self.bug {
            Bug::CallersArePrefixes => caller.as_str().starts_with(known.as_str()),
            _ => known == caller,
        };
        let behind = callers.iter().filter(|(known, _)| fits(known));
        let behind = behind.map(|(_, contact)| contact.clone()).collect();
        Ok(Observation::complete(behind, Timestamp::now()))
    }
}

#[async_trait]
impl OwnerFixture for Model {
    fn resolver(&self) -> Box<dyn OwnerResolver> {
        Box::new(self.clone())
    }

    async fn own(&self, api: &ApiId, owner: &Contact) -> Result<bool, Trouble> {
        let mut owners = self.owners.lock().unwrap();
        owners.insert(api.clone(), Some(owner.clone()));
        Ok(true)
    }

    async fn own_unreachably(&self, api: &ApiId) -> Result<bool, Trouble> {
        self.owners.lock().unwrap().insert(api.clone(), None);
        Ok(true)
    }

    async fn call(&self, caller: &CallerId, contact: &Contact) -> Result<bool, Trouble> {
        let mut callers = self.callers.lock().unwrap();
        callers.insert(caller.clone(), contact.clone());
        Ok(true)
    }
}

#[tokio::test]
async fn every_bug_is_found() {
    for bug in [
        Bug::None,
        Bug::SomebodyByDefault,
        Bug::OneOwnerForAll,
        Bug::LostIsNobody,
        Bug::LostIsSomebodyElse,
        Bug::CallersArePrefixes,
        Bug::AskedTwice,
    ] {
        let model = Model {
            bug,
            owners: Arc::default(),
            callers: Arc::default(),
            asked: Arc::default(),
        };
        let ran = AssertUnwindSafe(owner(&model)).catch_unwind().await;
        let passed = matches!(ran, Ok(Ok(4)));
        assert_eq!(passed, bug == Bug::None, "{bug:?}");
    }
}
