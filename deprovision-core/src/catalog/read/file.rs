//! A file of our own form.

use super::api::twice;
use super::{API_FIELDS, At, Draft, Field, Problems, fill, values};
use crate::catalog::tree::{Parsed, Value};
use crate::catalog::{CatalogErrorKind as Kind, Form, Place};

/// The fields of a file.
pub(crate) const FILE_FIELDS: &[&str] = &["$schema", "version", "apis"];

/// Reads a file; what it says is added to `drafts`.
pub(crate) fn read(
    file: &std::sync::Arc<str>,
    parsed: &Parsed,
    drafts: &mut Vec<Draft>,
    p: &mut Problems,
) {
    let whole = Place::new(file, 1, "");
    let mut documents = parsed.documents.iter();
    let Some(root) = documents.next() else {
        p.missing(&whole, "apis", "write apis: and a list of APIs");
        return;
    };
    if let Some(second) = documents.next() {
        p.add(
            Kind::Syntax,
            &Place::new(file, second.line, ""),
            "a catalog is one document, and this is a second one",
            "write all APIs under one apis:",
        );
    }
    let field = Field::new(root, Place::new(file, root.line, ""));
    let Some(table) = field.table(p, FILE_FIELDS) else {
        return;
    };
    if let Some(version) = table.get("version") {
        let known = matches!(&version.node.value, Value::Number(n) if n == "1");
        if !known && version.node.value != Value::Broken {
            p.add(
                Kind::Unsupported,
                &version.place,
                "this version of the form is not known",
                "write version: 1, or update deprovision",
            );
        }
    }
    if let Some(schema) = table.get("$schema") {
        let _ = schema.text(p, "catalog.schema.json");
    }
    let apis = table.required("apis", p, "write apis: and a list of APIs");
    let mut own: Vec<Draft> = Vec::new();
    for item in apis.map(|f| f.items(p)).unwrap_or_default() {
        own.extend(api(&item, p));
    }
    let mut order: Vec<&Draft> = own.iter().collect();
    order.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    for pair in order.windows(2) {
        if let [first, second] = pair
            && first.id.value == second.id.value
        {
            twice(
                &second.id.place,
                &first.id.place,
                &format!("the API {}", second.id.value),
                p,
            );
        }
    }
    // The first of those with one id is kept; the others have been reported.
    own.sort_by(|a, b| a.id.value.cmp(&b.id.value));
    own.dedup_by(|later, first| later.id.value == first.id.value);
    drafts.append(&mut own);
}

fn api(field: &Field<'_>, p: &mut Problems) -> Option<Draft> {
    let table = field.table(p, API_FIELDS)?;
    let id = table
        .required("id", p, "write an id, for example id: orders-v1")
        .and_then(|f| Some(At::new(f.parsed(p, "orders-v1")?, &f.place)));
    let title = table
        .required(
            "title",
            p,
            "write a name for people, for example title: Orders, version 1",
        )
        .and_then(|f| Some(At::new(values::line(f, p, "Orders, version 1")?, &f.place)));
    // Without an id, the other fields are looked at all the same.
    let known = id.is_some();
    let id = id.or_else(|| Some(At::new("unknown".parse().ok()?, &table.place)))?;
    let mut draft = Draft::new(id, Form::Catalog);
    draft.title = title;
    fill(&table, &mut draft, p);
    known.then_some(draft)
}
