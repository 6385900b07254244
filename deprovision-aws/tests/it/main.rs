//! Tests that need no server.

mod cloudwatch;
#![cfg(all(feature = "iam", feature = "apigateway", feature = "secretsmanager"))]

mod iam_keys;
