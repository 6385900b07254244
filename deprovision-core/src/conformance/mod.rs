//! For the tests of whoever implements an adapter: permits and warrants made by
//! the real guards, with a clock that can be moved.
//!
//! Switched on by the feature `conformance`. It weakens no guard.

mod permits;

pub use permits::Permits;
