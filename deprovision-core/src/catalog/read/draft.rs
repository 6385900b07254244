//! What one file says of one API.

use crate::catalog::{
    Api, Contact, Criticality, Face, Form, Lifecycle, Place, Resources, Route, Stakeholder,
    Vocabulary,
};
use crate::id::{ApiId, CallerId};
use crate::resource::ResourceRef;
use crate::time::Timestamp;

/// A value and where it is said.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

impl<T> At<T> {
    pub(crate) fn new(value: T, place: &Place) -> Self {
        Self {
            value,
            place: place.clone(),
        }
    }
}

/// How much a draft says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Says {
    /// It describes the API.
    Declares,
    /// A Backstage component says that it provides the API.
    Provides,
    /// A Backstage component says that it calls the API.
    Consumes,
}

/// What one file says of one API, and after joining, what all files say.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) id: At<ApiId>,
    pub(crate) form: Form,
    pub(crate) says: Says,
    pub(crate) title: Option<At<String>>,
    pub(crate) lifecycle: Option<At<Lifecycle>>,
    pub(crate) owner: Option<At<Contact>>,
    pub(crate) stakeholders: Vec<At<Stakeholder>>,
    pub(crate) consumers: Vec<At<(CallerId, Contact)>>,
    pub(crate) hosts: Vec<At<String>>,
    pub(crate) routes: Vec<At<Route>>,
    pub(crate) faces: Vec<At<Face>>,
    pub(crate) resources: Vec<At<ResourceRef>>,
    pub(crate) successor: Option<At<ApiId>>,
    pub(crate) sunset: Option<At<Timestamp>>,
    pub(crate) url: Option<At<String>>,
    pub(crate) documentation: Option<At<String>>,
    pub(crate) criticality: Option<At<Criticality>>,
    pub(crate) usage_sources: Vec<At<String>>,
    pub(crate) markers: Vec<At<String>>,
    pub(crate) labels: Vec<At<(String, String)>>,
    pub(crate) vocabulary: Vocabulary,
}

impl Draft {
    pub(crate) fn new(id: At<ApiId>, form: Form) -> Self {
        Self {
            id,
            form,
            says: Says::Declares,
            title: None,
            lifecycle: None,
            owner: None,
            stakeholders: Vec::new(),
            consumers: Vec::new(),
            hosts: Vec::new(),
            routes: Vec::new(),
            faces: Vec::new(),
            resources: Vec::new(),
            successor: None,
            sunset: None,
            url: None,
            documentation: None,
            criticality: None,
            usage_sources: Vec::new(),
            markers: Vec::new(),
            labels: Vec::new(),
            vocabulary: Vocabulary::default(),
        }
    }

    /// The API that the draft describes. Without a title, its id is its title.
    pub(crate) fn into_api(self) -> Api {
        fn some<T>(at: Option<At<T>>) -> Option<T> {
            at.map(|at| at.value)
        }
        fn all<T, C: FromIterator<T>>(items: Vec<At<T>>) -> C {
            items.into_iter().map(|at| at.value).collect()
        }
        let id = self.id.value;
        Api {
            title: some(self.title).unwrap_or_else(|| id.to_string()),
            id,
            lifecycle: some(self.lifecycle).unwrap_or_default(),
            owner: some(self.owner),
            stakeholders: all(self.stakeholders),
            consumers: all(self.consumers),
            hosts: all(self.hosts),
            routes: all(self.routes),
            faces: all(self.faces),
            resources: sorted(all(self.resources)),
            successor: some(self.successor),
            sunset: some(self.sunset),
            url: some(self.url),
            documentation: some(self.documentation),
            criticality: some(self.criticality).unwrap_or_default(),
            usage_sources: all(self.usage_sources),
            markers: all(self.markers),
            labels: all(self.labels),
            vocabulary: self.vocabulary,
        }
    }
}

/// Each resource into the list of its type.
fn sorted(all: Vec<ResourceRef>) -> Resources {
    let mut resources = Resources::default();
    for resource in all {
        match resource {
            ResourceRef::AccessPath(id) => resources.access_paths.push(id),
            ResourceRef::Issuer(id) => resources.issuers.push(id),
            ResourceRef::Credential(id) => resources.credentials.push(id),
            ResourceRef::Grant(id) => resources.grants.push(id),
            ResourceRef::Dataset(id) => resources.datasets.push(id),
            ResourceRef::Document(id) => resources.documents.push(id),
            ResourceRef::Repository(id) => resources.repositories.push(id),
            // The engine makes these; no field of a catalog holds them.
            ResourceRef::Archive(_) | ResourceRef::Notice(_) => {}
        }
    }
    resources
}
