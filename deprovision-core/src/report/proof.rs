//! How the page can be checked by somebody who believes nobody.

use serde::Serialize;

use crate::ledger::certificate::{EVENTS_FILE, PAYLOAD_TYPE, PREDICATE_TYPE};
use crate::report::ReportError;
use crate::report::history::History;

/// The last section.
#[derive(Debug, Serialize)]
pub(super) struct Proof {
    events_file: &'static str,
    predicate_type: &'static str,
    payload_type: &'static str,
    size: u64,
    head: String,
    root: String,
    vouched: u64,
    checkpoint: Option<String>,
    keys: Vec<String>,
    certificate: Option<CertificatePart>,
}

/// The certificate.
#[derive(Debug, Serialize)]
struct CertificatePart {
    statement: String,
    json: String,
    checked: Option<Checked>,
}

/// What a trusted key signed.
#[derive(Debug, Serialize)]
struct Checked {
    signers: String,
    size: u64,
    /// As `sha256sum` prints it.
    events_sha256: String,
}

impl Proof {
    pub(super) fn of(history: &History<'_>) -> Result<Self, ReportError> {
        let certificate = history.certified.as_ref().map(|certified| {
            let checked = certified.attested.as_ref().map(|attested| {
                let names = attested.signers.iter().map(ToString::to_string);
                let log = &attested.statement.predicate.log;
                Checked {
                    signers: names.collect::<Vec<_>>().join(", "),
                    size: log.size,
                    events_sha256: hex(log.events.as_bytes()),
                }
            });
            Ok::<_, ReportError>(CertificatePart {
                statement: certified.certificate.statement_digest().to_string(),
                json: certified.certificate.to_json()?,
                checked,
            })
        });
        let verified = &history.verified;
        Ok(Self {
            events_file: EVENTS_FILE,
            predicate_type: PREDICATE_TYPE,
            payload_type: PAYLOAD_TYPE,
            size: verified.size,
            head: verified.head.to_string(),
            root: verified.root.to_string(),
            vouched: verified.vouched,
            checkpoint: history.source.checkpoint.map(str::to_owned),
            keys: history
                .source
                .keys
                .iter()
                .map(ToString::to_string)
                .collect(),
            certificate: certificate.transpose()?,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
