//! API keys, grants and issuance in one JSON file that a running service honours.

mod authorize;
mod contents;
mod error;
mod grants;
mod issue;
mod observe;
mod revoke;
mod store;

pub use authorize::Authorization;
pub use error::KeyFileError;
pub use issue::NewKey;
pub use store::KeyFile;
