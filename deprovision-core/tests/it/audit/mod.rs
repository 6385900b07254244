//! Audits of a small made-up company.

mod honest;
mod redundant;
mod whole;
mod world;
