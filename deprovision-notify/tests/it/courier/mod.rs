//! A courier on a real disk, with a channel that does what it is told.

mod conformance;
mod digest;
mod failing;
mod file;
mod inform;
mod killed;
mod people;
mod simulation;
mod withdrawal;
mod world;
