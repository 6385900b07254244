//! A text as a tree in which every value knows its line, whatever it was written in.
//!
//! The tree is made with a budget of bytes, values and depth, without recursion
//! that the input could drive, and it is small enough that dropping it is safe.

mod json;
mod node;
mod toml;
mod yaml;

pub(crate) use node::{Entry, Node, Parsed, TreeError, Value};
pub(crate) use toml::parse as parse_toml;
pub(crate) use yaml::parse as parse_yaml;

/// The largest YAML or JSON text that is read, in bytes.
pub const MAX_YAML_BYTES: usize = 16 << 20;
/// The largest TOML text that is read, in bytes. It is smaller than that of YAML
/// because the TOML parser holds every token of a text at once.
pub const MAX_TOML_BYTES: usize = 1 << 20;
/// How many values (texts, numbers, lists, tables) one text may hold.
pub const MAX_VALUES: usize = 500_000;
/// How deep lists and tables may be nested.
pub const MAX_DEPTH: usize = 100;
