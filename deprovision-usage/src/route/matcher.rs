//! Whether a request was meant for one API.

use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;

use super::RouteTable;
use crate::line::Request;

/// Tells the requests for one API from all others.
#[derive(Debug)]
pub(crate) struct Matcher {
    api: ApiId,
    table: RouteTable,
}

impl Matcher {
    /// A matcher for the API. Its neighbours are other APIs in the same log.
    pub(crate) fn new<'a>(api: &'a Api, neighbours: impl IntoIterator<Item = &'a Api>) -> Self {
        let others = neighbours.into_iter().filter(|other| other.id != api.id);
        Self {
            api: api.id.clone(),
            table: RouteTable::new(std::iter::once(api).chain(others)),
        }
    }

    /// Whether the catalog says enough about the API to find it in a log.
    pub(crate) fn can_tell(&self) -> bool {
        !self.table.without_routes().any(|api| *api == self.api)
    }

    /// Whether the request was meant for the API.
    pub(crate) fn is_meant(&self, request: &Request<'_>) -> bool {
        let endpoints = self.table.meant(request);
        endpoints.iter().any(|endpoint| endpoint.api == self.api)
    }
}
