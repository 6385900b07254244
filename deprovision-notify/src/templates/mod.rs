//! Letters put into words.

mod builder;
mod error;
mod filters;
mod names;
mod render;
mod sample;
mod view;

pub use builder::TemplatesBuilder;
pub use error::TemplateError;
pub(crate) use render::Wording;
pub use render::{Message, Templates};
