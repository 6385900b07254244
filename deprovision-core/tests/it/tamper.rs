//! Every kind of damage to the log of a real retirement is found, and located at
//! the right entry; and what only a checkpoint shows is missed without one.

use deprovision_core::digest::Digest;
use deprovision_core::id::{PersonId, RetirementId};
use deprovision_core::journal::{Actor, Entry};
use deprovision_core::ledger::certificate::Certificate;
use deprovision_core::ledger::merkle::MerkleTree;
use deprovision_core::ledger::{
    Checkpoint, CheckpointStore, Damage, EventsReader, EventsWriter, MemoryCheckpointStore, Place,
    SignedNote, Tampering, Verified, sign_checkpoint, verify,
};
use deprovision_core::time::Period;
use serde_json::{Value, json};

use crate::retired::{key, log, stream};

fn check(entries: &[Entry], checkpoints: &[String]) -> Result<Verified, Tampering> {
    let notes: Vec<&str> = checkpoints.iter().map(String::as_str).collect();
    verify(&stream(), entries, &notes, &[key().verifier().clone()])
}

fn assert_found(entries: &[Entry], checkpoints: &[String], at: usize, damage: &Damage) {
    let tampering = match check(entries, checkpoints) {
        Err(tampering) => tampering,
        Ok(verified) => panic!("{damage:?} at {at} was missed: {verified:?}"),
    };
    assert_eq!(tampering.damage, *damage, "{tampering}");
    assert_eq!(tampering.place, Place::Entry(at as u64), "{tampering}");
}

fn checkpoint(entries: &[Entry]) -> String {
    let tree = MerkleTree::of_entries(entries).unwrap();
    let text = Checkpoint::new(key().name(), &stream(), tree.size(), tree.root()).text();
    SignedNote::sign(text, &key()).unwrap().to_string()
}

fn reseal(entry: &mut Entry) {
    entry.digest = entry.computed_digest().unwrap();
}

/// Changes the entry at index `k` and seals it and everything behind it again, as
/// somebody would who can write the log and not the checkpoints.
fn rewrite(log: &[Entry], k: usize) -> Vec<Entry> {
    let mut entries = log.to_vec();
    entries[k].body["forged"] = json!(true);
    for i in k..entries.len() {
        if i > k {
            entries[i].prev = entries[i - 1].digest;
        }
        reseal(&mut entries[i]);
    }
    entries
}

/// Every way to change one leaf or drop one key of a JSON value.
fn edits(value: &Value) -> Vec<Value> {
    match value {
        Value::Null => vec![json!(0)],
        Value::Bool(b) => vec![json!(!b)],
        Value::Number(n) => vec![json!(n.as_i64().unwrap() + 1)],
        Value::String(s) => vec![json!(format!("{s}x"))],
        Value::Array(items) => {
            let mut all = vec![Value::Array([&items[..], &[Value::Null]].concat())];
            for i in 0..items.len() {
                for edited in edits(&items[i]) {
                    let mut items = items.clone();
                    items[i] = edited;
                    all.push(Value::Array(items));
                }
                let mut shorter = items.clone();
                shorter.remove(i);
                all.push(Value::Array(shorter));
            }
            all
        }
        Value::Object(map) => {
            let mut all = Vec::new();
            for (key, item) in map {
                for edited in edits(item) {
                    let mut map = map.clone();
                    map.insert(key.clone(), edited);
                    all.push(Value::Object(map));
                }
                let mut smaller = map.clone();
                smaller.remove(key);
                all.push(Value::Object(smaller));
            }
            all
        }
    }
}

#[tokio::test]
async fn i_19_the_log_of_a_whole_retirement_is_verified_with_checkpoints_kept_along_the_way() {
    let log = log().await;
    assert!(log.len() >= 60, "only {} entries", log.len());
    let store = MemoryCheckpointStore::new();
    for size in (1..=log.len()).step_by(10) {
        let latest = store.latest(&stream()).await.unwrap();
        let note = sign_checkpoint(&stream(), &log[..size], latest.as_deref(), &[], &key());
        store
            .put(&stream(), &note.unwrap().to_string())
            .await
            .unwrap();
    }
    let latest = store.latest(&stream()).await.unwrap().unwrap();
    let verified = check(log, &[latest]).unwrap();
    assert_eq!(verified.size, log.len() as u64);
    assert!(verified.vouched > verified.size - 10);
}

#[tokio::test]
async fn i_19_the_certificate_in_the_log_is_good_for_the_log_and_no_other() {
    let log = log().await;
    let certified = log.iter().find(|entry| entry.kind == "certified").unwrap();
    let envelope = certified.body["envelope"].as_str().unwrap();
    let certificate = Certificate::from_json(envelope).unwrap();
    let keys = [key().verifier().clone()];
    let attested = certificate.verify_with_log(&keys, log).unwrap();
    let facts = &attested.statement.predicate;
    assert_eq!(facts.log.size, certified.version - 1);
    assert_eq!(
        certified.body["statement"],
        json!(certificate.statement_digest())
    );
    assert!(!facts.approvals.is_empty() && facts.actions.len() > 10);
    for k in 0..log.len() {
        let bad = certificate.verify_with_log(&keys, &rewrite(log, k));
        // What came after the certificate is not its business.
        assert_eq!(bad.is_err(), (k as u64) < facts.log.size, "entry {}", k + 1);
    }
}

#[tokio::test]
async fn i_19_an_edit_of_any_field_of_any_event_is_found_where_it_is() {
    let log = log().await;
    let edit: [fn(&mut Entry); 9] = [
        |e| e.format += 1,
        |e| e.stream = RetirementId::parse("invoices-v2").unwrap(),
        |e| e.version += 1,
        |e| e.version -= 1,
        |e| e.at = Period::seconds(1).after(e.at),
        |e| e.actor = Actor::Person(PersonId::parse("mallory").unwrap()),
        |e| e.kind.push('x'),
        |e| e.prev = Digest::of_bytes(b"another"),
        |e| e.digest = Digest::of_bytes(b"another"),
    ];
    let mut count = 0;
    for k in 0..log.len() {
        let mut entries = log.to_vec();
        for edit in edit {
            entries[k] = log[k].clone();
            edit(&mut entries[k]);
            assert_found(&entries, &[], k + 1, &Damage::Edited);
            count += 1;
        }
        entries[k] = log[k].clone();
        for body in edits(&log[k].body) {
            entries[k].body = body;
            assert_found(&entries, &[], k + 1, &Damage::Edited);
            count += 1;
        }
    }
    assert!(count > 15 * log.len(), "only {count} edits");
}

#[tokio::test]
async fn i_19_an_event_that_was_sealed_again_alone_is_found_where_it_is() {
    let log = log().await;
    for k in 0..log.len() - 1 {
        let mut entries = log.to_vec();
        entries[k].body["forged"] = json!(true);
        reseal(&mut entries[k]);
        assert_found(&entries, &[], k + 1, &Damage::Replaced);
    }
}

#[tokio::test]
async fn i_19_a_deleted_event_is_found_where_it_was_and_the_last_only_with_a_checkpoint() {
    let log = log().await;
    let all = [checkpoint(log)];
    for k in 0..log.len() {
        let mut entries = log.to_vec();
        entries.remove(k);
        let version = k as u64 + 1;
        let (from, to) = (version, version);
        if k + 1 < log.len() {
            assert_found(&entries, &[], k + 1, &Damage::Deleted { from, to });
            assert_found(&entries, &all, k + 1, &Damage::Deleted { from, to });
        } else {
            assert!(check(&entries, &[]).is_ok());
            let size = log.len() as u64;
            assert_found(&entries, &all, k + 1, &Damage::Truncated { size });
        }
    }
}

#[tokio::test]
async fn i_19_a_duplicated_event_is_found_at_its_second_place() {
    let log = log().await;
    for k in 0..log.len() {
        let version = k as u64 + 1;
        let mut next_to_it = log.to_vec();
        next_to_it.insert(k + 1, log[k].clone());
        assert_found(&next_to_it, &[], k + 2, &Damage::Duplicated { version });
        let mut at_the_end = log.to_vec();
        at_the_end.push(log[k].clone());
        let end = at_the_end.len();
        assert_found(&at_the_end, &[], end, &Damage::Duplicated { version });
    }
}

#[tokio::test]
async fn i_19_events_that_were_swapped_are_found_at_the_first_of_them() {
    let log = log().await;
    for k in 0..log.len() - 1 {
        let found = k as u64 + 2;
        let mut entries = log.to_vec();
        entries.swap(k, k + 1);
        assert_found(&entries, &[], k + 1, &Damage::Reordered { found });
    }
}

#[tokio::test]
async fn i_19_an_event_of_another_stream_is_found_where_it_was_put() {
    let log = log().await;
    let found = RetirementId::parse("invoices-v2").unwrap();
    for k in 0..log.len() {
        let mut entries = log.to_vec();
        entries[k].stream = found.clone();
        reseal(&mut entries[k]);
        let damage = Damage::WrongStream {
            found: found.clone(),
        };
        assert_found(&entries, &[], k + 1, &damage);
    }
}

#[tokio::test]
async fn i_19_a_cut_tail_is_missed_without_a_checkpoint_and_found_with_one() {
    let log = log().await;
    let size = log.len() as u64;
    let all = [checkpoint(log)];
    for kept in 0..log.len() {
        assert_eq!(check(&log[..kept], &[]).unwrap().vouched, 0);
        assert_found(&log[..kept], &all, kept + 1, &Damage::Truncated { size });
    }
}

#[tokio::test]
async fn i_19_a_rewritten_history_is_missed_without_a_checkpoint_and_found_with_one() {
    let log = log().await;
    let all = checkpoint(log);
    for k in 0..log.len() {
        let forged = rewrite(log, k);
        assert_eq!(check(&forged, &[]).unwrap().vouched, 0);
        let before = checkpoint(&log[..k]);
        assert_eq!(
            check(&forged, std::slice::from_ref(&before))
                .unwrap()
                .vouched,
            k as u64
        );
        // One checkpoint at the end says that, those on both sides say where.
        let until = log.len() as u64;
        let rewritten = Damage::Rewritten { until };
        assert_found(&forged, std::slice::from_ref(&all), 1, &rewritten);
        let until = k as u64 + 1;
        let tight = [all.clone(), checkpoint(&log[..=k]), before];
        assert_found(&forged, &tight, k + 1, &Damage::Rewritten { until });
    }
}

/// The reader takes a line in its one canonical form only, so a changed bit is
/// either refused by it, at its line, or gives another entry, whose digest is then
/// not its own. None gives the same entries again. One bit of every byte is tried,
/// and of the few lines over 1,000 bytes one of every fifth.
#[tokio::test]
async fn i_19_a_flipped_bit_anywhere_in_the_file_is_found_at_its_line() {
    let log = log().await;
    let mut writer = EventsWriter::new("events.jsonl", Vec::new());
    log.iter().for_each(|entry| writer.write(entry).unwrap());
    let file = writer.finish().unwrap();
    let read =
        |bytes: &[u8]| EventsReader::new("events.jsonl", bytes).collect::<Result<Vec<_>, _>>();
    assert_eq!(read(&file).unwrap(), log);

    let (mut refused, mut edited) = (0u32, 0u32);
    let mut start = 0;
    for (k, line) in file.split_inclusive(|b| *b == b'\n').enumerate() {
        let step = if line.len() > 1_000 { 5 } else { 1 };
        let last = line.len() - 1;
        for offset in (0..last).step_by(step).chain([last]) {
            let mut changed = line.to_vec();
            changed[offset] ^= 1 << ((start + offset) % 8);
            // The line alone, with what follows its new end.
            match EventsReader::new("events.jsonl", &changed[..]).next() {
                Some(Err(error)) => {
                    assert_eq!(error.line, 1);
                    refused += 1;
                }
                Some(Ok(entry)) => {
                    assert_ne!(entry.computed_digest().unwrap(), entry.digest);
                    edited += 1;
                    // Now and then through the whole file.
                    if edited % 100 == 0 {
                        let whole = [&file[..start], &changed, &file[start + line.len()..]];
                        let entries = read(&whole.concat()).unwrap();
                        assert_found(&entries, &[], k + 1, &Damage::Edited);
                    }
                }
                None => panic!("line {} vanished", k + 1),
            }
            if offset == last || (start + offset) % 5_000 == 0 {
                let whole = [&file[..start], &changed, &file[start + line.len()..]].concat();
                match read(&whole) {
                    Err(error) => assert_eq!(error.line, k as u64 + 1),
                    Ok(entries) => assert_found(&entries, &[], k + 1, &Damage::Edited),
                }
            }
        }
        start += line.len();
    }
    assert!((refused + edited) as usize > file.len() * 3 / 4);
    assert!(refused > 10_000 && edited > 10_000, "{refused} {edited}");
}

#[tokio::test]
async fn i_19_a_file_that_was_cut_anywhere_is_found_except_between_lines() {
    let log = log().await;
    let mut writer = EventsWriter::new("events.jsonl", Vec::new());
    log.iter()
        .take(20)
        .for_each(|entry| writer.write(entry).unwrap());
    let file = writer.finish().unwrap();
    for length in (0..file.len()).step_by(7) {
        let read: Result<Vec<Entry>, _> =
            EventsReader::new("events.jsonl", &file[..length]).collect();
        let between_lines = length == 0 || file[length - 1] == b'\n';
        assert_eq!(read.is_ok(), between_lines, "{length}");
    }
}
