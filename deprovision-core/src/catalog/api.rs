//! The model of an API and the catalog that holds many.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{Contact, Vocabulary};
use crate::id::{ApiId, CallerId, Role};
use crate::resource::{
    AccessPathId, CredentialId, DatasetId, DocumentId, GrantId, IssuerId, RepositoryId, ResourceRef,
};
use crate::time::Timestamp;

/// All APIs that the organisation knows of, by id.
///
/// It is read by [`Catalog::read`] and written by [`Catalog::to_yaml`],
/// [`Catalog::to_toml`] and [`Catalog::to_backstage`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Catalog {
    /// The APIs.
    pub apis: BTreeMap<ApiId, Api>,
}

impl Catalog {
    /// A catalog of these APIs; of two with one id, the later.
    #[must_use]
    pub fn new(apis: impl IntoIterator<Item = Api>) -> Self {
        Self {
            apis: apis.into_iter().map(|api| (api.id.clone(), api)).collect(),
        }
    }
}

/// One version of one API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Api {
    /// Its id, for example `orders-v1`.
    pub id: ApiId,
    /// Its name for people.
    pub title: String,
    /// Where it is in its life, in Backstage's words.
    #[serde(default)]
    pub lifecycle: Lifecycle,
    /// Who answers for it. An API without an owner is a finding, and can not be retired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Contact>,
    /// Who else must be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stakeholders: Vec<Stakeholder>,
    /// Who calls it: caller ids from the access log, mapped to people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consumers: BTreeMap<CallerId, Contact>,
    /// The host names it is served under, without scheme.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The absolute URL it is served under, as callers should be pointed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What it serves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    /// Every other way it is visible; all faces retire together (invariant I-18).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faces: Vec<Face>,
    /// The things that retirement touches.
    #[serde(default, skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
    /// What callers should use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<ApiId>,
    /// When it is promised to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<Timestamp>,
    /// Where people read about the change, as an absolute URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub documentation: Option<String>,
    /// How much depends on it.
    #[serde(default)]
    pub criticality: Criticality,
    /// Where its usage can be read, by the name of a usage source.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usage_sources: Vec<String>,
    /// More texts that mark code as a caller: SDK package names, environment variables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markers: Vec<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What its requests and responses carry, as far as an OpenAPI description told.
    /// It is not written to files.
    #[serde(skip)]
    pub vocabulary: Vocabulary,
}

impl Api {
    /// An API with an id and a title and nothing else known of it.
    #[must_use]
    pub fn new(id: ApiId, title: impl Into<String>) -> Self {
        Self {
            id,
            title: title.into(),
            lifecycle: Lifecycle::default(),
            owner: None,
            stakeholders: Vec::new(),
            consumers: BTreeMap::new(),
            hosts: Vec::new(),
            url: None,
            routes: Vec::new(),
            faces: Vec::new(),
            resources: Resources::default(),
            successor: None,
            sunset: None,
            documentation: None,
            criticality: Criticality::default(),
            usage_sources: Vec::new(),
            markers: Vec::new(),
            labels: BTreeMap::new(),
            vocabulary: Vocabulary::default(),
        }
    }
}

/// Where an API is in its life: the values of Backstage's `spec.lifecycle`
/// (<https://backstage.io/docs/features/software-catalog/descriptor-format/>), and retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Lifecycle {
    /// Early, not for wide use.
    Experimental,
    /// Established, owned and maintained.
    #[default]
    Production,
    /// At the end of its life; callers should move.
    Deprecated,
    /// Gone.
    Retired,
}

/// How much depends on an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Criticality {
    /// Nobody would notice for days.
    Low,
    /// The usual.
    #[default]
    Medium,
    /// People would notice within the hour.
    High,
    /// The organisation depends on it.
    Critical,
}

/// Someone who must be told, and as what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Stakeholder {
    /// Who.
    pub contact: Contact,
    /// As what, for example `security`.
    pub role: Role,
}

impl Stakeholder {
    /// A contact in a role.
    #[must_use]
    pub fn new(contact: Contact, role: Role) -> Self {
        Self { contact, role }
    }
}

/// An HTTP method (RFC 9110, section 9), in upper case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
    /// OPTIONS
    Options,
    /// TRACE
    Trace,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Get,
        Self::Head,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::Options,
        Self::Trace,
    ];

    /// Its name, as requests write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One operation: a method on a path template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path with its parameters in braces, for example `/v1/orders/{id}`.
    pub path: String,
    /// OpenAPI's `operationId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<String>,
    /// Whether the operation is marked deprecated on its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// When the operation alone is promised to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sunset: Option<Timestamp>,
}

impl Route {
    /// An operation that is not deprecated.
    #[must_use]
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            operation_id: None,
            deprecated: false,
            sunset: None,
        }
    }
}

/// Another way in which an API is visible.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Face {
    /// What it is.
    pub kind: FaceKind,
    /// Its name: a stage, a host name, a URL.
    pub name: String,
}

impl Face {
    /// A face of a kind.
    #[must_use]
    pub fn new(kind: FaceKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }
}

/// What a face is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FaceKind {
    /// A stage of a gateway.
    Stage,
    /// Another host name or path.
    Alias,
    /// A copy elsewhere.
    Mirror,
    /// Generated documentation.
    Documentation,
    /// A client library.
    Sdk,
}

/// Typed references to the things that a retirement touches.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Resources {
    /// Ways in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_paths: Vec<AccessPathId>,
    /// Places where credentials are issued.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<IssuerId>,
    /// Keys and tokens known beforehand; the issuers are asked for more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credentials: Vec<CredentialId>,
    /// Permissions known beforehand; the issuers are asked for more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantId>,
    /// Data.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<DatasetId>,
    /// Descriptions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentId>,
    /// Code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<RepositoryId>,
}

impl Resources {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// All of them, typed, in a fixed order.
    pub fn all(&self) -> impl Iterator<Item = ResourceRef> + '_ {
        fn refs<T: Clone + Into<ResourceRef>>(ids: &[T]) -> impl Iterator<Item = ResourceRef> + '_ {
            ids.iter().cloned().map(Into::into)
        }
        refs(&self.access_paths)
            .chain(refs(&self.issuers))
            .chain(refs(&self.credentials))
            .chain(refs(&self.grants))
            .chain(refs(&self.datasets))
            .chain(refs(&self.documents))
            .chain(refs(&self.repositories))
    }
}
