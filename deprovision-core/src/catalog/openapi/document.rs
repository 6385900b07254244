//! The document as a whole.

use std::sync::Arc;

use super::routes;
use super::servers::Servers;
use crate::catalog::error::quoted;
use crate::catalog::read::{At, Draft, Field, Problems, Table, routes_clash, values};
use crate::catalog::tree::Parsed;
use crate::catalog::{CatalogErrorKind as Kind, Form, Place};
use crate::id::ApiId;

/// Reads a file; what it says is added to `drafts`.
pub(crate) fn read(
    file: &Arc<str>,
    parsed: &Parsed,
    describes: Option<&ApiId>,
    drafts: &mut Vec<Draft>,
    p: &mut Problems,
) {
    let [root, rest @ ..] = parsed.documents.as_slice() else {
        p.missing(&Place::new(file, 1, ""), "openapi", "write openapi: 3.1.0");
        return;
    };
    if let Some(second) = rest.first() {
        p.add(
            Kind::Syntax,
            &Place::new(file, second.line, ""),
            "a description is one document, and this is a second one",
            "put each description into a file of its own",
        );
    }
    let root = Field::new(root, Place::new(file, root.line, ""));
    drafts.extend(read_root(&root, describes, p));
}

/// Reads a description, wherever it stands.
pub(crate) fn read_root(
    root: &Field<'_>,
    describes: Option<&ApiId>,
    p: &mut Problems,
) -> Option<Draft> {
    let table = root.open_table(p)?;
    if !is_known_version(&table, p) {
        return None;
    }
    let info = table
        .required("info", p, "write info: with title and version")
        .and_then(|f| f.open_table(p));
    let mut title = None;
    let mut id = describes.map(|id| At::new(id.clone(), &root.place));
    if let Some(info) = &info {
        title = info
            .required("title", p, "write the name of the API")
            .and_then(|f| Some(At::new(values::line_or_nothing(f, p, "Orders")?, &f.place)));
        info.required("version", p, "write the version of the description");
        id = named(info, id, p);
    }
    let known = id.is_some();
    let id = id.or_else(|| Some(At::new("unknown".parse().ok()?, &root.place)))?;
    let mut draft = Draft::new(id, Form::OpenApi);
    draft.title = title;
    let servers = Servers::read(table.get("servers"), p).unwrap_or_else(Servers::none);
    let mut found = routes::Found::new(root.node);
    found.hosts_of(&servers);
    if let Some(paths) = table.get("paths") {
        routes::read(paths, &servers, &mut found, p);
    } else if table.get("webhooks").is_none() && table.get("components").is_none() {
        table.required("paths", p, "write paths: with the paths that are served");
    }
    routes_clash(&found.routes, p);
    draft.hosts = found.hosts;
    draft.routes = found.routes;
    draft.vocabulary = found.bodies.vocabulary();
    known.then_some(draft)
}

/// The id that the description itself names, against the one that the caller gave.
fn named(info: &Table<'_>, given: Option<At<ApiId>>, p: &mut Problems) -> Option<At<ApiId>> {
    let Some(field) = info.get("x-deprovision-id") else {
        if given.is_none() {
            let place = Place {
                field: format!("{}.x-deprovision-id", info.place.field),
                ..info.place.clone()
            };
            p.missing(
                &place,
                "x-deprovision-id",
                "write the id that the API has in the catalog, or give it with the file",
            );
        }
        return given;
    };
    let id: ApiId = field.parsed(p, "orders-v1")?;
    match given {
        Some(given) if given.value != id => {
            p.add(
                Kind::Conflict,
                &field.place,
                format!("the file was given as a description of {}", given.value),
                "write the same id",
            );
            None
        }
        Some(_) | None => Some(At::new(id, &field.place)),
    }
}

fn is_known_version(table: &Table<'_>, p: &mut Problems) -> bool {
    if let Some(old) = table.get("swagger") {
        p.add(
            Kind::Unsupported,
            &old.place,
            "Swagger 2.0 is not read",
            "convert the description to OpenAPI 3.1",
        );
        return false;
    }
    let Some(version) = table
        .required("openapi", p, "write openapi: 3.1.0")
        .and_then(|f| Some((f, f.text(p, "3.1.0")?)))
    else {
        return false;
    };
    let known = version.1.starts_with("3.0.") || version.1.starts_with("3.1.");
    if !known {
        p.add(
            Kind::Unsupported,
            &version.0.place,
            format!("OpenAPI {} is not read", quoted(version.1)),
            "write 3.0.4 or 3.1.1, if the description is of that version",
        );
    }
    known
}
