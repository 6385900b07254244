//! Edits that a program makes, where rules as data are not enough.

use std::fmt;

use deprovision_core::provider::{Reference, Removal};

/// One file with references, as a hook sees it.
#[derive(Debug)]
#[non_exhaustive]
pub struct HookFile<'a> {
    /// Its path from the root of the repository, with `/`.
    pub path: &'a str,
    /// Its bytes in the default version.
    pub bytes: &'a [u8],
    /// What was found in it.
    pub references: Vec<&'a Reference>,
    /// Which API goes, and what comes instead.
    pub removal: &'a Removal,
}

/// What a hook wants done to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookEdit {
    /// Nothing: the rules go on with it.
    Nothing,
    /// The file has these bytes; the rules go on with them.
    Bytes(Vec<u8>),
    /// Nobody edits the file: a person does, for this reason.
    Leave(String),
}

/// A program's own edit of files that hold references, before the rules.
///
/// A hook sees only files with references, one at a time, and never a lock file, a
/// copied or generated file or one that is no text. It has to be a function of what
/// it sees: the same file gives the same edit.
///
/// ```
/// use deprovision_code::{HookEdit, HookFile, RemovalHook};
///
/// #[derive(Debug)]
/// struct DropWholeModule;
///
/// impl RemovalHook for DropWholeModule {
///     fn name(&self) -> &str {
///         "drop-orders-module/1"
///     }
///     fn edit(&self, file: &HookFile<'_>) -> HookEdit {
///         if file.path == "src/orders.js" {
///             HookEdit::Bytes(b"export {};\n".to_vec())
///         } else {
///             HookEdit::Nothing
///         }
///     }
/// }
/// ```
pub trait RemovalHook: Send + Sync + fmt::Debug {
    /// Its name and version: with another one, a change that was proposed is out of date.
    fn name(&self) -> &str;

    /// What is done to the file.
    fn edit(&self, file: &HookFile<'_>) -> HookEdit;
}
