//! Tests that need no server.

mod cloudwatch;
#![cfg(all(feature = "iam", feature = "apigateway", feature = "secretsmanager"))]

mod iam_keys;
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod grants;
