//! The languages that are known.

/// What is needed of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Language {
    /// What begins a comment that ends with the line.
    pub(crate) comment: &'static str,
    /// A statement that does not compile, around its message.
    pub(crate) error: Option<(&'static str, &'static str)>,
    pub(super) family: Family,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Rust,
    Go,
    Script,
    Java,
    CSharp,
    C,
    Python,
}

/// Where a line begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineState {
    /// It begins outside every string and comment, and continues no line.
    pub(crate) free: bool,
    /// The line after it does, too.
    pub(crate) ends_free: bool,
    /// It is a statement as a whole: it follows a finished one, ends with `;` and
    /// closes what it opens.
    pub(crate) statement: bool,
    /// Without it, the lines around it say what they said.
    pub(crate) can_go: bool,
}

/// The language of a file, by its name.
pub(crate) fn language_of(path: &str) -> Option<Language> {
    let (_, extension) = path.rsplit_once('.')?;
    let (comment, error, family) = match extension.to_ascii_lowercase().as_str() {
        "rs" => ("//", Some(("compile_error!(\"", "\");")), Family::Rust),
        "go" => ("//", None, Family::Go),
        "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" => ("//", None, Family::Script),
        "java" | "kt" | "kts" | "scala" => ("//", None, Family::Java),
        "cs" => ("//", Some(("#error ", "")), Family::CSharp),
        "c" | "h" | "cc" | "cpp" | "cxx" | "hpp" | "hh" => {
            ("//", Some(("#error \"", "\"")), Family::C)
        }
        "py" => ("#", None, Family::Python),
        _ => return None,
    };
    Some(Language {
        comment,
        error,
        family,
    })
}
