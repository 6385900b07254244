//! Tests that need no server.

#[cfg(all(feature = "apigateway", feature = "apigatewayv2"))]
mod apigateway;
