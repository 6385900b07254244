//! Usage sources against moto.

mod cloudwatch;
mod last_used;
