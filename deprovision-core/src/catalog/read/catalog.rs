//! The way in: files to a catalog.

use std::sync::Arc;

use super::{Problems, file, merge};
use crate::catalog::tree::{Parsed, parse_toml, parse_yaml};
use crate::catalog::{
    Catalog, CatalogErrorKind as Kind, CatalogErrors, Form, Place, Source, Syntax, backstage,
    openapi,
};

impl Catalog {
    /// Reads one or many files and puts together what they say.
    ///
    /// # Behaviour
    /// - An API may be declared once in our own form and once in Backstage's, and
    ///   described by any number of OpenAPI files; lists are united, and single
    ///   values must agree (of different titles, the one in our own form is taken).
    /// - What form a file has is seen from its fields: `openapi` or `swagger`, `apiVersion`
    ///   and `kind`, or else our own.
    /// - Files are refused before they are parsed when they are larger than
    ///   [`MAX_YAML_BYTES`](crate::catalog::MAX_YAML_BYTES) or
    ///   [`MAX_TOML_BYTES`](crate::catalog::MAX_TOML_BYTES).
    ///
    /// # Errors
    /// [`CatalogErrors`] with every mistake of every file. After a syntax error the
    /// rest of that file is unknown: nothing is then said to be missing from it.
    pub fn read(sources: &[Source<'_>]) -> Result<Self, CatalogErrors> {
        let mut p = Problems::default();
        let mut drafts = Vec::new();
        let names: Vec<Arc<str>> = sources.iter().map(|s| Arc::from(s.name)).collect();
        let trees: Vec<Parsed> = sources.iter().map(parse).collect();
        let mut entities = Vec::new();
        for ((source, name), parsed) in sources.iter().zip(&names).zip(&trees) {
            p.begin_file(parsed.partial);
            p.add_tree(name, "", &parsed.errors);
            if parsed.partial && parsed.documents.is_empty() {
                continue;
            }
            match source.form.unwrap_or_else(|| detect(parsed)) {
                Form::Catalog => file::read(name, parsed, &mut drafts, &mut p),
                Form::Backstage => backstage::collect(name, parsed, &mut entities, &mut p),
                Form::OpenApi => {
                    openapi::read(name, parsed, source.describes.as_ref(), &mut drafts, &mut p);
                }
            }
        }
        backstage::read(&entities, &mut drafts, &mut p);
        let catalog = merge::merge(drafts, &mut p);
        twice_given(&names, &mut p);
        p.finish(&names)?;
        Ok(catalog)
    }
}

fn parse(source: &Source<'_>) -> Parsed {
    match source.syntax {
        Syntax::Yaml => parse_yaml(source.text, 1),
        Syntax::Toml => parse_toml(source.text),
    }
}

/// What the first fields of a file say that it is.
fn detect(parsed: &Parsed) -> Form {
    let has = |key| parsed.documents.iter().any(|d| d.get(key).is_some());
    if has("openapi") || has("swagger") {
        Form::OpenApi
    } else if has("apiVersion") && has("kind") {
        Form::Backstage
    } else {
        Form::Catalog
    }
}

/// Two files of one name could not be told apart in an error.
fn twice_given(names: &[Arc<str>], p: &mut Problems) {
    let mut sorted: Vec<&Arc<str>> = names.iter().collect();
    sorted.sort();
    for pair in sorted.windows(2) {
        if let [first, second] = pair
            && first == second
        {
            p.add(
                Kind::Duplicate,
                &Place::new(second, 1, ""),
                "two files of this name were given",
                "give each file once, under a name of its own",
            );
        }
    }
}
