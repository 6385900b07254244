//! Tests that need no server.

mod cloudwatch;
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]
#![cfg(all(feature = "iam", feature = "apigateway", feature = "secretsmanager"))]

mod apigateway_keys;
mod iam_keys;
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod grants;
mod secrets;
#[cfg(test)]
mod apigateway;
