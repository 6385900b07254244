//! The targets of each step, and what is seen of them.

use deprovision_core::catalog::Contact;
use deprovision_core::digest::Digest;
use deprovision_core::id::StepId;
use deprovision_core::ledger::certificate::ArchiveFact;
use deprovision_core::pipeline::ids;
use deprovision_core::resource::{DatasetId, ResourceRef};
use deprovision_core::retirement::Evidence;
use deprovision_core::time::Timestamp;
use serde_json::{Value, json};

use super::story::{Texts, person};

/// What a look at a target of a step shows.
pub(super) fn evidence(step: &StepId, now: Timestamp, texts: Texts) -> Evidence {
    let manifest = Digest::of_bytes(b"manifest");
    let text = match step.as_str() {
        ids::ANNOUNCE => format!("delivered at {}", now),
        ids::SIGNAL => "the gateway sends Deprecation, Sunset and Link".into(),
        ids::FREEZE_ISSUANCE => "issuing is refused; keys of other APIs are issued".into(),
        ids::CLOSE => "410 Gone with a problem document; the neighbour answers 200".into(),
        ids::ARCHIVE => format!("1204 objects, 88410112 bytes read back; manifest {manifest}"),
        ids::RESTORE_DRILL => {
            format!("1204 objects, 88410112 bytes restored and compared; manifest {manifest}")
        }
        ids::DELETE_CREDENTIALS => "gone; the key beside it is still seen".into(),
        ids::ERASE => "no object is left; the dataset beside it is still seen".into(),
        _other => "seen, and so is its neighbour".into(),
    };
    let facts = match step.as_str() {
        ids::ARCHIVE => serde_json::to_value(ArchiveFact::new(
            dataset(),
            "dir-archive:shop:local:orders-2027".parse().unwrap(),
            manifest,
        ))
        .unwrap(),
        _other => Value::Null,
    };
    Evidence::from(texts(&text)).with_facts(facts)
}

pub(super) fn contact(name: &str) -> Contact {
    Contact::new(
        person(name),
        format!("{name}@shop.example").parse().unwrap(),
    )
}

fn dataset() -> DatasetId {
    "dir:shop:local:orders".parse().unwrap()
}

/// What the plan names for a step: no document and no repository.
pub(super) fn targets(step: &StepId, texts: Texts) -> Vec<(ResourceRef, String, Value)> {
    let path = || ResourceRef::AccessPath("gateway:shop:local:orders-v1".parse().unwrap());
    let keys = || {
        ["ak_billing", "ak_export"].map(|key| {
            let id = format!("keyfile:shop:local:{key}").parse().unwrap();
            (ResourceRef::Credential(id), key)
        })
    };
    let each_key = |what: &str| {
        keys()
            .map(|(target, key)| (target, format!("{what} {key}"), Value::Null))
            .to_vec()
    };
    let one = |target, summary: &str| vec![(target, summary.to_owned(), Value::Null)];
    match step.as_str() {
        ids::ANNOUNCE => [
            ("dana", "its owner"),
            ("erin", "the contact of its consumer billing"),
        ]
        .map(|(name, role)| {
            let id = format!("outbox:shop:local:announcement-{name}")
                .parse()
                .unwrap();
            let detail =
                json!({ "to": contact(name), "roles": [{ "kind": "other", "text": texts(role) }] });
            let summary = format!("tell {name}@shop.example ({role})");
            (ResourceRef::Notice(id), summary, detail)
        })
        .to_vec(),
        ids::SIGNAL => one(path(), "put the headers on /orders/v1"),
        ids::FREEZE_ISSUANCE => one(
            ResourceRef::Issuer("keyfile:shop:local:issuer".parse().unwrap()),
            "stop issuing keys for orders-v1",
        ),
        ids::CLOSE => one(path(), "answer 410 on /orders/v1"),
        ids::DISABLE_CREDENTIALS => each_key("disable"),
        ids::REMOVE_GRANTS => one(
            ResourceRef::Grant("keyfile:shop:local:billing-orders".parse().unwrap()),
            "remove the grant of billing",
        ),
        ids::ARCHIVE => one(dataset().into(), "archive orders"),
        ids::RESTORE_DRILL => one(
            dataset().into(),
            "restore and compare the archive of orders",
        ),
        ids::DELETE_CREDENTIALS => each_key("delete"),
        ids::ERASE => one(dataset().into(), "erase orders"),
        brown_out if brown_out.starts_with(ids::BROWN_OUT) => {
            one(path(), "answer 410 on /orders/v1 for a while")
        }
        confirm if confirm.starts_with(ids::CONFIRM) => one(path(), "look at everything again"),
        _nothing_named => Vec::new(),
    }
}
