//! API Gateway's REST APIs.

mod keys;

pub use keys::ApiGatewayKeys;
