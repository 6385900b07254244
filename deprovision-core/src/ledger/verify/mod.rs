//! The check of a stream's history off line: entries, checkpoints and public
//! keys in, the first bad place out (invariant I-19).

mod chain;
mod check;
mod damage;
#[cfg(test)]
mod tests;
mod witnessed;

pub use check::{Verified, verify};
pub use damage::{Damage, Place, Tampering};
