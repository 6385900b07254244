//! Integration tests: what the parts promise together, through the public API.

mod retired;
mod tamper;
