//! The signature around the statement: DSSE
//! (<https://github.com/secure-systems-lab/dsse>).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{
    STANDARD, STANDARD_PAD_INDIFFERENT, URL_SAFE_PAD_INDIFFERENT,
};
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, canonical_json};
use crate::journal::Entry;
use crate::ledger::certificate::{CertificateError, PAYLOAD_TYPE, Statement};
use crate::ledger::{KeyName, SigningKey, VerifierKey};

/// The most signatures that are checked.
const MAX_SIGNATURES: usize = 100;

/// A signed statement. What it says can be read only through
/// [`verify`](Certificate::verify).
///
/// The same statement signed with the same key gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    payload_type: String,
    payload: Vec<u8>,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    key: String,
    bytes: Vec<u8>,
}

/// A statement that somebody known signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attested {
    /// What they signed.
    pub statement: Statement,
    /// Whose keys signed it.
    pub signers: BTreeSet<KeyName>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Form {
    payload: String,
    payload_type: String,
    signatures: Vec<SignatureForm>,
}

#[derive(Serialize, Deserialize)]
struct SignatureForm {
    #[serde(default)]
    keyid: String,
    sig: String,
}

impl Certificate {
    /// Signs a statement.
    ///
    /// # Errors
    /// [`CertificateError::Canonical`] when it has no canonical form.
    pub fn sign(statement: &Statement, key: &SigningKey) -> Result<Self, CertificateError> {
        let mut certificate = Self {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: statement.to_bytes()?,
            signatures: Vec::new(),
        };
        certificate.add_signature(key);
        Ok(certificate)
    }

    /// Signs it with one more key, or again with the same.
    pub fn add_signature(&mut self, key: &SigningKey) {
        let id = key_id(key.verifier());
        self.signatures.retain(|signature| signature.key != id);
        self.signatures.push(Signature {
            key: id,
            bytes: key.sign(&self.authenticated()).to_vec(),
        });
    }

    /// The plain SHA-256 of the statement's bytes.
    #[must_use]
    pub fn statement_digest(&self) -> Digest {
        Digest::of_bytes(&self.payload)
    }

    /// Gives the statement, when at least one of the keys signed it. Signatures of
    /// others are ignored.
    ///
    /// # Errors
    /// [`CertificateError`] when it is not signed by any of them, or is no
    /// statement about a retirement.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<Attested, CertificateError> {
        let message = self.authenticated();
        // The key ids are not authenticated: every key is tried on every signature.
        let signers: BTreeSet<KeyName> = keys
            .iter()
            .filter(|key| {
                let mut signatures = self.signatures.iter();
                signatures.any(|signature| key.has_signed(&message, &signature.bytes))
            })
            .map(|key| key.name().clone())
            .collect();
        if signers.is_empty() {
            let claimed = self.claimed();
            return Err(CertificateError::NotSigned { claimed });
        }
        if self.payload_type != PAYLOAD_TYPE {
            let found = self.payload_type.clone();
            return Err(CertificateError::PayloadType { found });
        }
        let statement = Statement::from_bytes(&self.payload)?;
        Ok(Attested { statement, signers })
    }

    /// As [`verify`](Self::verify), and that it was made for this log: all entries of the
    /// stream, from the first, also those after the certificate.
    ///
    /// # Errors
    /// [`CertificateError`], with [`CertificateError::Log`] when the certificate is
    /// good and the log another.
    pub fn verify_with_log(
        &self,
        keys: &[VerifierKey],
        entries: &[Entry],
    ) -> Result<Attested, CertificateError> {
        let attested = self.verify(keys)?;
        let facts = &attested.statement.predicate;
        facts.log.matches(&facts.retirement, entries)?;
        Ok(attested)
    }

    /// The DSSE envelope as JSON, canonical.
    ///
    /// # Errors
    /// None that this version knows of: an envelope holds only texts.
    pub fn to_json(&self) -> Result<String, CertificateError> {
        let signatures = self.signatures.iter().map(|signature| SignatureForm {
            keyid: signature.key.clone(),
            sig: STANDARD.encode(&signature.bytes),
        });
        let json = canonical_json(&Form {
            payload: STANDARD.encode(&self.payload),
            payload_type: self.payload_type.clone(),
            signatures: signatures.collect(),
        })?;
        // Canonical JSON is UTF-8; nothing is lost here.
        Ok(String::from_utf8_lossy(&json).into_owned())
    }

    /// Reads a DSSE envelope. Believes nothing yet.
    ///
    /// # Errors
    /// [`CertificateError`] when it is none.
    pub fn from_json(json: &str) -> Result<Self, CertificateError> {
        let form: Form = serde_json::from_str(json).map_err(CertificateError::Envelope)?;
        let found = form.signatures.len();
        if found > MAX_SIGNATURES {
            let limit = MAX_SIGNATURES;
            return Err(CertificateError::TooManySignatures { found, limit });
        }
        let signatures = form.signatures.into_iter().map(|signature| {
            Ok(Signature {
                bytes: decode("signature", &signature.sig)?,
                key: signature.keyid,
            })
        });
        Ok(Self {
            payload: decode("payload", &form.payload)?,
            payload_type: form.payload_type,
            signatures: signatures.collect::<Result<_, CertificateError>>()?,
        })
    }

    fn authenticated(&self) -> Vec<u8> {
        authenticated(&self.payload_type, &self.payload)
    }

    /// Whose signatures it claims to carry, short enough for a message.
    fn claimed(&self) -> String {
        let names = self.signatures.iter().take(3).map(|signature| {
            let name: String = signature.key.chars().take(80).collect();
            format!("{name:?}")
        });
        match names.collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "nobody".to_owned(),
            some => some,
        }
    }
}

/// What is signed: DSSE's pre-authentication encoding.
pub(super) fn authenticated(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let (type_length, length) = (payload_type.len(), payload.len());
    let mut bytes = format!("DSSEv1 {type_length} {payload_type} {length} ").into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// A hint for readers which key to try: its name and id, as in notes.
fn key_id(key: &VerifierKey) -> String {
    format!("{}+{}", key.name(), key.id())
}

/// DSSE allows both alphabets.
fn decode(field: &'static str, text: &str) -> Result<Vec<u8>, CertificateError> {
    STANDARD_PAD_INDIFFERENT
        .decode(text)
        .or_else(|_| URL_SAFE_PAD_INDIFFERENT.decode(text))
        .map_err(|_| CertificateError::Base64 { field })
}
