//! Tests that need no server.

#[cfg(all(test, feature = "apigateway", feature = "apigatewayv2"))]
mod apigateway;
