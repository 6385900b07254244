//! OpenAPI 3.0 and 3.1: the routes and hosts of one API.
//!
//! Read are `info.title`, `info.x-deprovision-id`, `servers` with their variables (of
//! the document, of a path, of an operation), and of each operation its path,
//! `operationId`, `deprecated` and `x-sunset` (also on the path item). A path item
//! may refer to another place of the same file; one that refers to another file is a
//! mistake, because its routes would be missing: bundle the description first.
//! Operations whose paths differ only in a query or a fragment are one route.
//! Of the schemas of bodies only the names of fields are taken, hashed (see
//! [`Vocabulary`](crate::catalog::Vocabulary)). Everything else (callbacks, webhooks)
//! says nothing of what is served here.

mod bodies;
mod document;
mod pointer;
mod routes;
mod servers;

pub(crate) use document::{read, read_root};
