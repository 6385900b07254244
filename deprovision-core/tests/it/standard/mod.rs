//! The built-in steps of the standard pipeline, run by the engine over adapters in
//! memory whose every answer can be bent.

mod credentials;
mod paths;
mod retiring;
mod telling;
mod waivers;
mod world;
