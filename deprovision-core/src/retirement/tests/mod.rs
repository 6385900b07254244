//! Given events, when a command, then events or a refusal; and random schedules
//! against a small world with faults.

mod clock;
mod facts;
mod limits;
mod made;
mod notice;
mod people;
mod schedules;
mod stalled;
mod table;
mod world;
