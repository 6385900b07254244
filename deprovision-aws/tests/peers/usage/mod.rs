//! Usage sources against moto.

mod cloudwatch;
mod current;
mod last_used;
