//! Tests that need no server.

mod cloudwatch;
