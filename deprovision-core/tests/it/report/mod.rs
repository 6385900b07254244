//! The report, on logs that the machine made.

mod page;
mod story;
mod world;
