//! REST and HTTP APIs against moto, which keeps their configuration and serves nothing.
//!
//! What callers would get is told by an interpreter of our own, written from AWS's
//! documents and tested against their examples ([`runtime`]). It reads what is stored in
//! moto and knows nothing of the adapter. It shows that the configuration means what we
//! want *as AWS documents it*; it is no proof of what AWS does.

mod breaker;
mod definition;
mod http;
mod http_runtime;
mod http_shop;
mod rest;
mod runtime;
mod shim;
mod shop;
