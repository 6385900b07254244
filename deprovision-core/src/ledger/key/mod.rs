//! Keys that sign checkpoints and certificates, in the text form of C2SP signed
//! notes (<https://c2sp.org/signed-note>), which Go's `sumdb/note` uses too.

mod name;
mod signing;
#[cfg(test)]
mod tests;
mod text;
mod verifier;

pub use name::{KeyError, KeyName};
pub use signing::SigningKey;
pub use verifier::{KeyId, VerifierKey};
