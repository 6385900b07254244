use proptest::prelude::*;
use serde_json::{Value, json};

use super::envelope::authenticated;
use super::*;
use crate::digest::Digest;
use crate::id::{ActionId, ApiId, ObjectionId, PersonId, RetirementId, StepId};
use crate::journal::{Actor, Entry};
use crate::ledger::{EventsWriter, KeyName, SigningKey, VerifierKey};
use crate::permit::Approval;
use crate::resource::CredentialId;
use crate::time::Timestamp;

fn stream() -> RetirementId {
    RetirementId::parse("orders-v1").unwrap()
}

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[seed; 32])
}

fn keys(seed: u8) -> [VerifierKey; 1] {
    [key(seed).verifier().clone()]
}

fn log(count: u64, salt: &str) -> Vec<Entry> {
    let mut prev = Entry::genesis(&stream());
    let seal = |version| {
        let body = json!({ "n": version, "salt": salt });
        let actor = Actor::Person(person("ann"));
        let at = Timestamp::UNIX_EPOCH;
        let entry = Entry::seal(stream(), version, at, actor, "noted", body, prev).unwrap();
        prev = entry.digest;
        entry
    };
    (1..=count).map(seal).collect()
}

fn facts(log: &[Entry]) -> RetirementPredicate {
    let digest = Digest::of_bytes;
    let mut facts = RetirementPredicate::new(
        ApiId::parse("orders-v1").unwrap(),
        "Orders, version 1 – “old”",
        stream(),
        person("dana@example.com"),
        at("2027-01-01T00:00:00Z"),
        at("2027-03-01T00:00:00.5Z"),
        Basis::new(digest(b"policy"), digest(b"pipeline"), digest(b"plan")),
        LogState::of(&stream(), log).unwrap(),
    );
    let approval = Approval::new(
        person("ann"),
        ["security".parse().unwrap()].into(),
        digest(b"plan"),
        Some(StepId::parse("erase").unwrap()),
        at("2027-02-01T00:00:00Z"),
        at("2027-02-03T00:00:00Z"),
    );
    facts.approvals.push((&approval).into());
    let ended = ObjectionEnd::Withdrawn {
        at: at("2027-02-02T00:00:00Z"),
    };
    facts.objections.push(ObjectionFact::new(
        ObjectionId::parse("payroll").unwrap(),
        person("carol"),
        "payroll runs on it",
        ended,
    ));
    let target: CredentialId = "keyfile:shop:local:ak_1".parse().unwrap();
    facts.actions.push(ActionFact::new(
        ActionId::parse("delete-credentials/0").unwrap(),
        StepId::parse("delete-credentials").unwrap(),
        target.into(),
        "not listed; its neighbour is",
        at("2027-02-28T00:00:00Z"),
    ));
    facts.archives.push(ArchiveFact::new(
        "dir:shop:local:orders".parse().unwrap(),
        "dir:shop:local:orders-archive".parse().unwrap(),
        digest(b"manifest"),
    ));
    facts
        .not_promised
        .push("traffic that no source records".into());
    facts
}

fn certificate() -> Certificate {
    Certificate::sign(&Statement::new(facts(&log(7, ""))), &key(1)).unwrap()
}

/// An envelope around any payload, signed as ours are.
fn signed(payload_type: &str, payload: &[u8]) -> Certificate {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let sig = key(1).sign(&authenticated(payload_type, payload));
    let envelope = json!({
        "payload": STANDARD.encode(payload),
        "payloadType": payload_type,
        "signatures": [{ "sig": STANDARD.encode(sig) }],
    });
    Certificate::from_json(&envelope.to_string()).unwrap()
}

#[test]
fn what_is_signed_is_encoded_as_the_specification_shows() {
    assert_eq!(
        authenticated("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
}

#[test]
fn i_19_a_certificate_gives_its_facts_back_to_who_has_the_key() {
    let certificate = certificate();
    let read = Certificate::from_json(&certificate.to_json().unwrap()).unwrap();
    assert_eq!(read, certificate);
    let attested = read.verify(&keys(1)).unwrap();
    assert_eq!(attested.statement.predicate, facts(&log(7, "")));
    assert!(attested.signers.contains(key(1).name()));
    assert_eq!(
        attested.statement.digest().unwrap(),
        certificate.statement_digest()
    );
    assert!(matches!(
        read.verify(&keys(2)),
        Err(CertificateError::NotSigned { .. })
    ));
    assert!(read.verify(&[]).is_err());
}

#[test]
fn the_same_facts_and_key_give_the_same_bytes() {
    assert_eq!(
        certificate().to_json().unwrap(),
        certificate().to_json().unwrap()
    );
    // Recorded once: whatever changes these bytes changes the format.
    assert_eq!(
        certificate().statement_digest().to_string(),
        "sha256:05c1a31cc1d619c9f666c2f28d137e355e88899aeab21f31124dad0e059d1227"
    );
}

#[test]
fn the_statement_has_the_form_that_in_toto_asks_for() {
    let log = log(7, "");
    let bytes = Statement::new(facts(&log)).to_bytes().unwrap();
    let statement: Value = serde_json::from_slice(&bytes).unwrap();
    let mut file = EventsWriter::new("events.jsonl", Vec::new());
    log.iter().for_each(|entry| file.write(entry).unwrap());
    let events = Digest::of_bytes(&file.finish().unwrap()).to_hex();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(
        statement["subject"],
        json!([{ "name": "events.jsonl", "digest": { "sha256": events } }])
    );
    assert_eq!(
        statement["predicateType"],
        "https://deprovision.dev/attestations/api-retirement/v1"
    );
    let predicate = &statement["predicate"];
    assert_eq!(predicate["retiredAt"], "2027-03-01T00:00:00.5Z");
    assert_eq!(predicate["objections"][0]["ended"]["how"], "withdrawn");
    assert_eq!(predicate["actions"][0]["target"]["kind"], "credential");
    assert_eq!(predicate["log"]["size"], 7);
}

#[test]
fn i_19_a_certificate_is_good_only_for_the_log_it_was_made_for() {
    let certificate = certificate();
    let check = |entries: &[Entry]| certificate.verify_with_log(&keys(1), entries);
    assert!(check(&log(7, "")).is_ok());
    assert!(check(&log(9, "")).is_ok());
    let mismatch = |entries: &[Entry]| match check(entries) {
        Err(CertificateError::Log(mismatch)) => mismatch,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        mismatch(&log(6, "")),
        LogMismatch::Shorter {
            found: 6,
            certified: 7
        }
    );
    assert!(matches!(
        mismatch(&log(7, "other")),
        LogMismatch::Rewritten {
            what: "Merkle root",
            ..
        }
    ));
    let mut edited = log(9, "");
    edited[8].kind = "edited".into();
    assert!(matches!(mismatch(&edited), LogMismatch::Tampered(_)));
    let mut lying = facts(&log(7, ""));
    lying.log.head = Digest::of_bytes(b"another");
    let lying = Certificate::sign(&Statement::new(lying), &key(1)).unwrap();
    assert!(matches!(
        lying.verify_with_log(&keys(1), &log(7, "")),
        Err(CertificateError::Log(LogMismatch::Rewritten {
            what: "head",
            ..
        }))
    ));
}

#[test]
fn several_may_sign_and_one_known_key_is_enough() {
    let mut certificate = certificate();
    certificate.add_signature(&key(2));
    certificate.add_signature(&key(2));
    let json: Value = serde_json::from_str(&certificate.to_json().unwrap()).unwrap();
    assert_eq!(json["signatures"].as_array().unwrap().len(), 2);
    for seed in [1, 2] {
        assert!(certificate.verify(&keys(seed)).is_ok());
    }
    assert!(certificate.verify(&keys(3)).is_err());
}

#[test]
fn envelopes_of_others_are_read_with_either_base64_and_unknown_fields() {
    let json = certificate().to_json().unwrap();
    let mut value: Value = serde_json::from_str(&json).unwrap();
    let payload = value["payload"].as_str().unwrap();
    let payload = payload.replace('+', "-").replace('/', "_");
    value["payload"] = payload.trim_end_matches('=').into();
    let sig = value["signatures"][0]["sig"].as_str().unwrap().to_owned();
    value["signatures"][0] = json!({
        "sig": sig.replace('+', "-").replace('/', "_"),
        "cert": "unknown",
    });
    value["more"] = json!({ "unknown": true });
    let read = Certificate::from_json(&value.to_string()).unwrap();
    assert!(read.verify(&keys(1)).is_ok());
}

#[test]
fn what_is_signed_and_states_something_else_is_refused() {
    let good: Value =
        serde_json::from_slice(&Statement::new(facts(&log(7, ""))).to_bytes().unwrap()).unwrap();
    let with = |field: &str, value: Value| {
        let mut changed = good.clone();
        changed[field] = value;
        signed(PAYLOAD_TYPE, changed.to_string().as_bytes()).verify(&keys(1))
    };
    assert!(with("more", json!(1)).is_ok());
    let other_type = signed("application/json", good.to_string().as_bytes());
    assert!(matches!(
        other_type.verify(&keys(1)),
        Err(CertificateError::PayloadType { .. })
    ));
    for (field, value) in [
        ("_type", "https://in-toto.io/Statement/v0.1"),
        ("predicateType", "https://slsa.dev/provenance/v1"),
    ] {
        assert!(matches!(
            with(field, json!(value)),
            Err(CertificateError::Type { .. })
        ));
    }
    for subject in [
        json!([]),
        json!([{ "name": "events.jsonl", "digest": { "sha256": "00".repeat(32) } }]),
        json!([{ "name": "events.jsonl", "digest": { "sha256": "no digest" } }]),
    ] {
        assert!(matches!(
            with("subject", subject),
            Err(CertificateError::Subject)
        ));
    }
    assert!(matches!(
        with("predicate", json!({ "api": "orders-v1" })),
        Err(CertificateError::Statement(_))
    ));
    assert!(matches!(
        signed(PAYLOAD_TYPE, b"not json").verify(&keys(1)),
        Err(CertificateError::Statement(_))
    ));
}

#[test]
fn i_19_a_certificate_with_any_bit_changed_is_refused_or_says_the_same() {
    let json = certificate().to_json().unwrap();
    let expected = certificate().verify(&keys(1)).unwrap();
    let mut refused = 0;
    let positions = (0..json.len()).step_by(3);
    for position in positions.clone() {
        let mut bytes = json.as_bytes().to_vec();
        bytes[position] ^= 1 << (position % 7);
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        match Certificate::from_json(&text).and_then(|read| read.verify(&keys(1))) {
            // A hint, or the name of a field that may be missing.
            Ok(attested) => assert_eq!(attested, expected),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > positions.len() * 9 / 10);
}

#[test]
fn no_envelope_with_thousands_of_signatures_is_checked() {
    let mut value: Value = serde_json::from_str(&certificate().to_json().unwrap()).unwrap();
    value["signatures"] = vec![value["signatures"][0].clone(); 101].into();
    assert!(matches!(
        Certificate::from_json(&value.to_string()),
        Err(CertificateError::TooManySignatures { found: 101, .. })
    ));
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,80}", payload in ".{0,80}", sig in "[A-Za-z0-9+/=_-]{0,90}") {
        let _ = Certificate::from_json(&text);
        let envelope = json!({
            "payload": payload, "payloadType": PAYLOAD_TYPE, "signatures": [{ "sig": sig }],
        });
        if let Ok(read) = Certificate::from_json(&envelope.to_string()) {
            prop_assert!(read.verify(&keys(1)).is_err());
        }
        let _ = signed(PAYLOAD_TYPE, text.as_bytes()).verify(&keys(1));
    }
}
