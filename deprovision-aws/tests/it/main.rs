//! Tests that need no server.

#![cfg(all(feature = "iam", feature = "apigateway", feature = "secretsmanager"))]

mod iam_keys;
