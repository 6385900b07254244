//! Tests that need no server.
#![cfg(all(
    feature = "apigateway",
    feature = "apigatewayv2",
    feature = "cloudwatch",
    feature = "iam",
    feature = "s3",
    feature = "secretsmanager"
))]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "helpers of tests fail the test as tests do"
)]

mod apigateway;
mod apigateway_keys;
mod cloudwatch;
mod grants;
mod iam_keys;
mod s3;
mod secrets;
