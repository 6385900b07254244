//! The in-toto statement around the facts
//! (<https://github.com/in-toto/attestation/tree/main/spec/v1>).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::{Digest, canonical_json};
use crate::ledger::certificate::{CertificateError, RetirementPredicate};

/// What an in-toto statement calls itself.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// What a retirement's facts are called.
pub const PREDICATE_TYPE: &str = "https://deprovision.dev/attestations/api-retirement/v1";

/// What an envelope says that it holds.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// The name of the statement's subject.
pub const EVENTS_FILE: &str = "events.jsonl";

/// What a statement is about, by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// Its SHA-256.
    pub sha256: Digest,
}

/// Facts about the subject: that with these events the API was retired.
///
/// The subject is the file `events.jsonl` at the moment of certification, by its
/// plain SHA-256: in-toto's tools match it with the file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// What it is about.
    pub subject: Vec<Subject>,
    /// What is stated.
    pub predicate: RetirementPredicate,
}

#[derive(Serialize, Deserialize)]
struct Form<P> {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<SubjectForm>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: P,
}

#[derive(Serialize, Deserialize)]
struct SubjectForm {
    #[serde(default)]
    name: String,
    digest: DigestSet,
}

/// In-toto writes digests by algorithm, in plain hexadecimal digits.
#[derive(Serialize, Deserialize)]
struct DigestSet {
    sha256: String,
}

impl Statement {
    /// States the facts about the log that they name.
    #[must_use]
    pub fn new(predicate: RetirementPredicate) -> Self {
        let subject = Subject {
            name: EVENTS_FILE.to_owned(),
            sha256: predicate.log.events,
        };
        Self {
            subject: vec![subject],
            predicate,
        }
    }

    /// The statement's bytes: canonical JSON, the same every time.
    ///
    /// # Errors
    /// [`CertificateError::Canonical`] when the log has more than 2^53 - 1 entries.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CertificateError> {
        let subject = self.subject.iter().map(|subject| SubjectForm {
            name: subject.name.clone(),
            digest: DigestSet {
                sha256: subject.sha256.to_hex(),
            },
        });
        Ok(canonical_json(&Form {
            kind: STATEMENT_TYPE.to_owned(),
            subject: subject.collect(),
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: &self.predicate,
        })?)
    }

    /// The plain SHA-256 of the statement's bytes.
    ///
    /// # Errors
    /// As [`Statement::to_bytes`].
    pub fn digest(&self) -> Result<Digest, CertificateError> {
        Ok(Digest::of_bytes(&self.to_bytes()?))
    }

    /// Reads a statement whose signature was verified.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, CertificateError> {
        let form: Form<Value> =
            serde_json::from_slice(bytes).map_err(CertificateError::Statement)?;
        expect(STATEMENT_TYPE, form.kind)?;
        expect(PREDICATE_TYPE, form.predicate_type)?;
        let predicate: RetirementPredicate =
            serde_json::from_value(form.predicate).map_err(CertificateError::Statement)?;
        let mut subject = Vec::new();
        for SubjectForm { name, digest } in form.subject {
            let sha256 = format!("sha256:{}", digest.sha256);
            let sha256 = sha256.parse().map_err(|_| CertificateError::Subject)?;
            subject.push(Subject { name, sha256 });
        }
        if !subject
            .iter()
            .any(|subject| subject.sha256 == predicate.log.events)
        {
            return Err(CertificateError::Subject);
        }
        Ok(Self { subject, predicate })
    }
}

fn expect(expected: &'static str, found: String) -> Result<(), CertificateError> {
    if found == expected {
        return Ok(());
    }
    Err(CertificateError::Type { expected, found })
}
