//! Small histories, each damaged in one way. The same over a real retirement's
//! log is in `tests/it/tamper.rs`.

use serde_json::json;

use super::*;
use crate::digest::Digest;
use crate::id::{PersonId, RetirementId};
use crate::journal::{Actor, Entry};
use crate::ledger::merkle::MerkleTree;
use crate::ledger::{
    Checkpoint, KeyName, SignCheckpointError, SignedNote, SigningKey, sign_checkpoint,
};
use crate::time::Timestamp;

fn stream() -> RetirementId {
    RetirementId::parse("orders-v1").unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[7; 32])
}

/// A chain of `count` entries; `salt` makes another history.
fn history(name: &RetirementId, count: u64, salt: &str) -> Vec<Entry> {
    let facts = (1..=count).map(|n| json!({ "n": n, "salt": salt }));
    sealed(name, facts)
}

fn sealed(name: &RetirementId, facts: impl IntoIterator<Item = serde_json::Value>) -> Vec<Entry> {
    let mut prev = Entry::genesis(name);
    let mut entries = Vec::new();
    for (version, fact) in (1..).zip(facts) {
        let actor = Actor::Person(PersonId::parse("ann").unwrap());
        let at = Timestamp::UNIX_EPOCH;
        let entry = Entry::seal(name.clone(), version, at, actor, "noted", fact, prev).unwrap();
        prev = entry.digest;
        entries.push(entry);
    }
    entries
}

fn reseal(entry: &mut Entry) {
    entry.digest = entry.computed_digest().unwrap();
}

fn checkpoint(entries: &[Entry]) -> String {
    let tree = MerkleTree::of_entries(entries).unwrap();
    let text = Checkpoint::new(key().name(), &stream(), tree.size(), tree.root()).text();
    SignedNote::sign(text, &key()).unwrap().to_string()
}

fn check(entries: &[Entry], checkpoints: &[String]) -> Result<Verified, Tampering> {
    let notes: Vec<&str> = checkpoints.iter().map(String::as_str).collect();
    verify(&stream(), entries, &notes, &[key().verifier().clone()])
}

fn found(entries: &[Entry], checkpoints: &[String]) -> (Place, Damage) {
    let tampering = check(entries, checkpoints).unwrap_err();
    assert!(tampering.to_string().starts_with("[I-19] "), "{tampering}");
    (tampering.place, tampering.damage)
}

#[test]
fn i_19_a_whole_history_is_verified_and_says_how_far_it_is_vouched_for() {
    let log = history(&stream(), 9, "");
    let seen = check(&log, &[checkpoint(&log[..3]), checkpoint(&log[..7])]).unwrap();
    assert_eq!((seen.size, seen.vouched), (9, 7));
    assert_eq!(seen.head, log[8].digest);
    assert_eq!(seen.root, MerkleTree::of_entries(&log).unwrap().root());
    assert!(seen.signers.contains(key().name()));
    assert_eq!(check(&log, &[]).unwrap().vouched, 0);
    let nothing = check(&[], &[]).unwrap();
    assert_eq!((nothing.size, nothing.head), (0, Entry::genesis(&stream())));
    assert_eq!(check(&log, &[checkpoint(&[])]).unwrap().vouched, 0);
}

#[test]
fn i_19_a_changed_entry_that_was_sealed_again_is_blamed_and_not_its_successor() {
    let mut log = history(&stream(), 9, "");
    log[4].body = json!("changed");
    reseal(&mut log[4]);
    assert_eq!(found(&log, &[]), (Place::Entry(5), Damage::Replaced));
    // With two relinked, the break is behind the second, and a checkpoint narrows it.
    log[5].prev = log[4].digest;
    reseal(&mut log[5]);
    assert_eq!(found(&log, &[]), (Place::Entry(6), Damage::Replaced));
    let whole = history(&stream(), 9, "");
    let checkpoints = [checkpoint(&whole[..4]), checkpoint(&whole[..5])];
    assert_eq!(
        found(&log, &checkpoints),
        (Place::Entry(5), Damage::Rewritten { until: 5 })
    );
}

#[test]
fn i_19_another_historys_tail_is_blamed_where_a_checkpoint_vouches_for_the_head() {
    let mut log = history(&stream(), 9, "");
    let other = history(&stream(), 9, "other");
    log.splice(5.., other[5..].iter().cloned());
    assert_eq!(found(&log, &[]), (Place::Entry(5), Damage::Replaced));
    assert_eq!(
        found(&log, &[checkpoint(&log[..5])]),
        (Place::Entry(6), Damage::Grafted)
    );
    // The stream's beginning is as certain as a checkpoint.
    let mut rootless = history(&stream(), 1, "");
    rootless[0].prev = Digest::from_bytes([0; 32]);
    reseal(&mut rootless[0]);
    assert_eq!(found(&rootless, &[]), (Place::Entry(1), Damage::Grafted));
}

#[test]
fn i_19_an_entry_of_another_stream_or_format_is_told_apart_from_an_edited_one() {
    let mut log = history(&stream(), 5, "");
    let other = RetirementId::parse("invoices-v2").unwrap();
    log[2] = history(&other, 5, "")[2].clone();
    assert_eq!(
        found(&log, &[]),
        (
            Place::Entry(3),
            Damage::WrongStream {
                found: other.clone()
            }
        )
    );
    let all = history(&other, 5, "");
    assert_eq!(
        found(&all, &[]),
        (
            Place::Entry(1),
            Damage::WrongStream {
                found: other.clone()
            }
        )
    );
    let mut log = history(&stream(), 5, "");
    log[2].stream = other;
    assert_eq!(found(&log, &[]), (Place::Entry(3), Damage::Edited));
    let mut log = history(&stream(), 5, "");
    log[2].format = 2;
    assert_eq!(found(&log, &[]), (Place::Entry(3), Damage::Edited));
    reseal(&mut log[2]);
    assert_eq!(
        found(&log, &[]),
        (Place::Entry(3), Damage::UnknownFormat { found: 2 })
    );
    let mut log = history(&stream(), 5, "");
    log[2].version = u64::MAX;
    assert_eq!(found(&log, &[]), (Place::Entry(3), Damage::Edited));
}

#[test]
fn i_19_an_entry_that_stands_twice_is_a_duplicate_wherever_it_stands() {
    let log = history(&stream(), 6, "");
    let duplicate = |from: usize, to: usize| {
        let mut log = log.clone();
        log.insert(to, log[from].clone());
        found(&log, &[])
    };
    let expected = |at, version| (Place::Entry(at), Damage::Duplicated { version });
    assert_eq!(duplicate(2, 3), expected(4, 3));
    assert_eq!(duplicate(0, 6), expected(7, 1));
    assert_eq!(duplicate(4, 1), expected(2, 5));
}

#[test]
fn i_19_of_several_damages_the_first_is_told() {
    let mut log = history(&stream(), 9, "");
    let checkpoints = [checkpoint(&log)];
    log[7].kind = "edited".into();
    log.remove(3);
    log.pop();
    let deleted = (Place::Entry(4), Damage::Deleted { from: 4, to: 4 });
    assert_eq!(found(&log, &checkpoints), deleted);
    // An entry of another stream does not make up for the missing one.
    let other = RetirementId::parse("invoices-v2").unwrap();
    log.push(history(&other, 9, "")[3].clone());
    assert_eq!(found(&log, &checkpoints), deleted);
}

#[test]
fn i_19_a_rewritten_history_is_missed_without_and_found_with_a_checkpoint() {
    let log = history(&stream(), 9, "");
    let mut facts: Vec<_> = log.iter().map(|entry| entry.body.clone()).collect();
    facts[5] = json!("changed");
    let rewritten = sealed(&stream(), facts);
    assert!(check(&rewritten, &[]).is_ok());
    let early = [checkpoint(&log[..2]), checkpoint(&log[..5])];
    assert_eq!(check(&rewritten, &early).unwrap().vouched, 5);
    let both = [checkpoint(&log), checkpoint(&log[..5])];
    let expected = (Place::Entry(6), Damage::Rewritten { until: 9 });
    assert_eq!(found(&rewritten, &both), expected);
    let tight = [checkpoint(&log[..5]), checkpoint(&log[..6])];
    let expected = (Place::Entry(6), Damage::Rewritten { until: 6 });
    assert_eq!(found(&rewritten, &tight), expected);
}

#[test]
fn i_19_a_cut_tail_is_missed_without_and_found_with_a_checkpoint() {
    let log = history(&stream(), 9, "");
    assert!(check(&log[..6], &[]).is_ok());
    assert!(check(&log[..6], &[checkpoint(&log[..6])]).is_ok());
    let expected = (Place::Entry(7), Damage::Truncated { size: 8 });
    let notes = [checkpoint(&log[..8]), checkpoint(&log)];
    assert_eq!(found(&log[..6], &notes), expected);
    let all = (Place::Entry(1), Damage::Truncated { size: 9 });
    assert_eq!(found(&[], &[checkpoint(&log)]), all);
}

#[test]
fn i_19_checkpoints_that_no_one_history_can_have_are_a_fork() {
    let log = history(&stream(), 9, "");
    let other = history(&stream(), 9, "other");
    let forked = |checkpoints: &[String]| match found(&log, checkpoints) {
        (Place::Checkpoint(at), Damage::CheckpointForked { other, .. }) => (at, other),
        different => panic!("{different:?}"),
    };
    // Of the same size, in any order, and where the log agrees with neither.
    assert_eq!(
        forked(&[checkpoint(&log[..5]), checkpoint(&other[..5])]),
        (1, 0)
    );
    assert_eq!(
        forked(&[checkpoint(&other[..5]), checkpoint(&log[..5])]),
        (0, 1)
    );
    let third = history(&stream(), 5, "third");
    assert_eq!(
        forked(&[checkpoint(&other[..5]), checkpoint(&third)]),
        (0, 1)
    );
    // Of different sizes: the log agrees with the later one.
    assert_eq!(
        forked(&[checkpoint(&log[..8]), checkpoint(&other[..5])]),
        (1, 0)
    );
    // Both beyond the log's end.
    let longer = history(&stream(), 12, "longer");
    let longest = history(&stream(), 12, "longest");
    assert_eq!(forked(&[checkpoint(&longer), checkpoint(&longest)]), (0, 1));
}

#[test]
fn i_19_a_checkpoint_that_nobody_known_signed_for_this_stream_does_not_count() {
    let log = history(&stream(), 9, "");
    let bad = |note: String| match found(&log, &[checkpoint(&log), note]) {
        (Place::Checkpoint(1), damage) => damage,
        different => panic!("{different:?}"),
    };
    let stranger = SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[8; 32]);
    let text = |name: &str, log: &KeyName| {
        let name = RetirementId::parse(name).unwrap();
        Checkpoint::new(log, &name, 0, Digest::of_bytes(b"")).text()
    };
    let note = SignedNote::sign(text("orders-v1", key().name()), &stranger).unwrap();
    assert!(matches!(
        bad(note.to_string()),
        Damage::CheckpointOfUnknownKey(_)
    ));
    let forged = checkpoint(&log).replace("\n9\n", "\n8\n");
    assert!(matches!(bad(forged), Damage::CheckpointForged(_)));
    assert!(matches!(
        bad("no note".into()),
        Damage::CheckpointUnreadable(_)
    ));
    let note = SignedNote::sign("no checkpoint\n", &key()).unwrap();
    assert!(matches!(
        bad(note.to_string()),
        Damage::CheckpointUnreadable(_)
    ));
    let other_log = KeyName::parse("example.com").unwrap();
    for text in [
        text("invoices-v2", key().name()),
        text("ledger/orders-v1", key().name()),
        text("orders-v1", &other_log),
    ] {
        let note = SignedNote::sign(text, &key()).unwrap();
        assert!(matches!(
            bad(note.to_string()),
            Damage::CheckpointOfWrongStream { .. }
        ));
    }
}

#[test]
fn i_19_no_checkpoint_is_signed_that_contradicts_the_one_before() {
    let log = history(&stream(), 9, "");
    let sign = |entries: &[Entry], latest: Option<&str>| {
        sign_checkpoint(&stream(), entries, latest, &[], &key()).map(|note| note.to_string())
    };
    let first = sign(&log[..4], None).unwrap();
    assert_eq!(first, checkpoint(&log[..4]));
    assert_eq!(sign(&log, Some(&first)).unwrap(), checkpoint(&log));
    let other = history(&stream(), 9, "other");
    for entries in [&other[..], &log[..3]] {
        assert!(matches!(
            sign(entries, Some(&first)),
            Err(SignCheckpointError::Tampered(_))
        ));
    }
    let mut edited = log.clone();
    edited[8].kind = "edited".into();
    assert!(sign(&edited, Some(&first)).is_err());
    // A new key goes on where the old one, which is still known, left off.
    let new = SigningKey::from_seed(KeyName::parse("example.com/ledger").unwrap(), &[9; 32]);
    let old = [key().verifier().clone()];
    assert!(sign_checkpoint(&stream(), &log, Some(&first), &old, &new).is_ok());
    assert!(sign_checkpoint(&stream(), &log, Some(&first), &[], &new).is_err());
}
