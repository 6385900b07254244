//! Webhooks and cards by other people's programs: `cargo xtask test` installs them.

#[cfg(test)]
mod cards;
#[cfg(test)]
#[expect(dead_code, reason = "the other tests use the rest of it")]
#[path = "../it/http_server.rs"]
mod http_server;
#[cfg(test)]
#[expect(dead_code, reason = "the other tests use the rest of it")]
#[path = "../it/http_world.rs"]
mod http_world;
#[cfg(test)]
mod program;
#[cfg(test)]
mod signatures;
