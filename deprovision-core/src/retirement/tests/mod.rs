//! Given events, when a command, then events or a refusal; and random schedules
//! against a small world with faults.

mod acts;
mod asking;
mod clock;
mod facts;
mod limits;
mod made;
mod model;
mod notice;
mod people;
mod schedules;
mod stalled;
mod table;
mod waivers;
mod world;
