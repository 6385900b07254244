//! The files that a catalog is read from.

use crate::id::ApiId;

/// One file: its name, for errors, and its text. The caller reads it from wherever
/// it is; the core reads no disk.
///
/// ```
/// use deprovision_core::catalog::{Catalog, Source};
/// let text = "apis:\n  - id: orders-v1\n    title: Orders, version 1\n";
/// let catalog = Catalog::read(&[Source::new("catalog.yaml", text)])?;
/// assert_eq!(catalog.apis.len(), 1);
/// # Ok::<(), deprovision_core::catalog::CatalogErrors>(())
/// ```
#[derive(Debug, Clone)]
pub struct Source<'a> {
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) syntax: Syntax,
    pub(crate) form: Option<Form>,
    pub(crate) describes: Option<ApiId>,
}

impl<'a> Source<'a> {
    /// A file. It is read as TOML when its name ends in `.toml`, else as YAML, of
    /// which JSON is a part. What form it has is seen from its first fields.
    #[must_use]
    pub fn new(name: &'a str, text: &'a str) -> Self {
        let toml = name
            .rsplit_once('.')
            .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("toml"));
        Self {
            name,
            text,
            syntax: if toml { Syntax::Toml } else { Syntax::Yaml },
            form: None,
            describes: None,
        }
    }

    /// An OpenAPI description of the API with that id. Without the id, the
    /// description must name it as `x-deprovision-id` in its `info`.
    #[must_use]
    pub fn openapi(name: &'a str, text: &'a str, api: ApiId) -> Self {
        Self {
            form: Some(Form::OpenApi),
            describes: Some(api),
            ..Self::new(name, text)
        }
    }

    /// The same file, read as that form whatever its first fields look like.
    #[must_use]
    pub fn with_form(mut self, form: Form) -> Self {
        self.form = Some(form);
        self
    }

    /// The same file, read as that syntax whatever its name ends in.
    #[must_use]
    pub fn with_syntax(mut self, syntax: Syntax) -> Self {
        self.syntax = syntax;
        self
    }
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Syntax {
    /// YAML 1.2, and JSON.
    Yaml,
    /// TOML 1.0.
    Toml,
}

/// What a file is about. Where files give an API different titles, the form named
/// first here wins; any other contradiction is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Form {
    /// Our own: many APIs with all that is known of them.
    Catalog,
    /// Entities of Backstage's software catalog.
    Backstage,
    /// OpenAPI 3.0 or 3.1: the routes and hosts of one API.
    OpenApi,
}
