//! Which API a request was meant for.
//!
//! The wrong answer that hurts is *not this API*: a caller that nobody saw. So
//! whatever a server on the way may take for the same path counts as the same
//! path, and a request under the API's prefix counts without any template.

mod matcher;
mod target;
mod template;
#[cfg(test)]
mod tests;

pub(crate) use matcher::Matcher;
