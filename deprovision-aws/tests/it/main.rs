//! Tests that need no server.

#[cfg(test)]
mod apigateway;
