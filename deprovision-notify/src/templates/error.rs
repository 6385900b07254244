//! What is wrong with a template.

use std::io;
use std::path::PathBuf;

/// What is wrong with a template: which, in which line, and what.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// No template has this name.
    #[error("there is no template {name:?}: write LANGUAGE/NAME, for example en/{}; a part of your own begins with _", .known.join(", en/"))]
    Name {
        /// The name.
        name: String,
        /// The names that there are, without the language.
        known: Vec<String>,
    },
    /// A stage is translated in part.
    #[error(
        "{missing} is missing: a language that has one of {stage}.subject, {stage}.txt and {stage}.html has all three"
    )]
    Incomplete {
        /// Which template.
        missing: String,
        /// Of which stage.
        stage: String,
    },
    /// It can not be read, or fails with a letter.
    #[error("{name}, line {line}: {what}{}", .letter.as_deref().map(|l| format!(" (in {l})")).unwrap_or_default())]
    Wrong {
        /// Which template.
        name: String,
        /// In which line, from 1; 0 where it is not known.
        line: usize,
        /// What is wrong.
        what: String,
        /// With which letter, where it is not wrong with every one.
        letter: Option<String>,
    },
    /// It says nothing.
    #[error("{name} says nothing{}", .letter.as_deref().map(|l| format!(" in {l}")).unwrap_or_default())]
    Empty {
        /// Which template.
        name: String,
        /// In which letter.
        letter: Option<String>,
    },
    /// A file or directory can not be read.
    #[error("{} can not be read", .0.display())]
    File(PathBuf, #[source] io::Error),
}

impl TemplateError {
    /// What the engine found, at the innermost place that it names.
    pub(super) fn of(name: &str, error: &minijinja::Error, letter: Option<&str>) -> Self {
        let mut inner = error;
        while let Some(next) =
            std::error::Error::source(inner).and_then(|e| e.downcast_ref::<minijinja::Error>())
        {
            inner = next;
        }
        let mut what = inner.kind().to_string();
        if let Some(detail) = inner.detail() {
            what = format!("{what}: {detail}");
        }
        if let (Some(source), Some(range)) = (inner.template_source(), inner.range())
            && let Some(code) = source.get(range)
            && !code.is_empty()
            && !code.contains('\n')
        {
            what = format!("{what}, at `{code}`");
        }
        Self::Wrong {
            name: inner.name().unwrap_or(name).to_owned(),
            line: inner.line().unwrap_or(0),
            what,
            letter: letter.map(str::to_owned),
        }
    }
}
