//! Audits of a small made-up company.

mod honest;
mod whole;
mod world;
