//! API keys, and the usage plans that let them call an API.

mod adapter;
mod calls;
mod grant_name;
mod grants;
mod observe;
mod read;
mod revoke;

pub use adapter::ApiGatewayKeys;
