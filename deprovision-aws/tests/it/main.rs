//! Tests that need no server.

mod grants;
