//! Appending and reading.

use super::script::{
    ALL, TTL, append, chain, claim, clock, everything, next, say, stream, tip, worker,
};
use super::suite::JournalFixture;
use crate::conformance::Trouble;
use crate::digest::Digest;
use crate::journal::{AppendError, Authority, Entry, JournalError};
use crate::time::Timestamp;

pub(super) async fn what_was_appended_is_read_in_order_and_in_pages(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let journal = fixture.fresh(name, clock()).await?;
    let r1 = stream("r1")?;
    let written = chain(&r1, 0, Entry::genesis(&r1), 7, "pages")?;
    for (at, part) in [(0, 0..3), (3, 3..4), (4, 4..7)] {
        journal
            .append(&r1, at, Authority::Bystander, &written[part])
            .await?;
    }
    // A neighbour whose name begins alike must not leak into the pages.
    for neighbour in ["r", "r1.a", "r10", "r0"] {
        say(&*journal, &stream(neighbour)?).await?;
    }
    assert_eq!(journal.read(&r1, 0, ALL).await?, written, "all");
    assert_eq!(journal.read(&r1, 0, usize::MAX).await?, written, "all");
    for after in 0..9 {
        for limit in 0..9 {
            let page = journal.read(&r1, after, limit).await?;
            let skip = usize::try_from(after)?;
            let expected: Vec<_> = written.iter().skip(skip).take(limit).cloned().collect();
            assert_eq!(page, expected, "the page after {after} of {limit}");
        }
    }
    assert_eq!(journal.read(&r1, u64::MAX, ALL).await?, [], "far too late");
    Ok(())
}

pub(super) async fn a_stream_is_made_by_its_first_append_alone(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let journal = fixture.fresh(name, clock()).await?;
    let r1 = stream("r1")?;
    let missing = || async {
        matches!(journal.read(&r1, 0, 1).await, Err(JournalError::NoSuchStream(name)) if name == r1)
    };
    assert!(missing().await, "a stream exists before its first append");
    journal.append(&r1, 0, Authority::Bystander, &[]).await?;
    let (_, entries) = next(&*journal, &r1, 2).await?;
    let early = journal.append(&r1, 1, Authority::Bystander, &entries).await;
    assert!(
        matches!(
            early,
            Err(AppendError::Conflict {
                expected: 1,
                actual: 0,
                ..
            })
        ),
        "an append behind an entry that is not there gave {early:?}"
    );
    let broken = journal
        .append(&r1, 0, Authority::Bystander, &entries[1..])
        .await;
    assert!(
        matches!(broken, Err(AppendError::BrokenChain { .. })),
        "a chain that does not begin at its genesis gave {broken:?}"
    );
    assert!(missing().await, "a refused or empty append made the stream");
    assert_eq!(journal.streams(None, ALL).await?, [], "nothing is listed");
    assert_eq!(journal.next_due().await?, None, "nothing is due");
    journal
        .append(&r1, 0, Authority::Bystander, &entries)
        .await?;
    assert_eq!(journal.read(&r1, 0, ALL).await?, entries, "it is there");
    Ok(())
}

pub(super) async fn i_16_an_append_behind_any_but_the_newest_version_is_a_conflict(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let journal = fixture.fresh(name, clock()).await?;
    let r1 = stream("r1")?;
    append(&*journal, &r1, Authority::Bystander, 3).await??;
    let lease = claim(&*journal, &r1).await?;
    let before = everything(&*journal).await?;
    for expected in [0, 1, 2, 4, 5, u64::MAX - 1, u64::MAX] {
        for authority in [Authority::Bystander, Authority::Owner(&lease)] {
            let (_, entries) = next(&*journal, &r1, 2).await?;
            let refused = journal.append(&r1, expected, authority, &entries).await;
            let Err(AppendError::Conflict {
                stream,
                expected: said,
                actual,
            }) = refused
            else {
                return Err(format!("behind {expected} of 3 it gave {refused:?}").into());
            };
            assert_eq!((stream, said, actual), (r1.clone(), expected, 3));
        }
    }
    let empty = journal.append(&r1, 2, Authority::Bystander, &[]).await;
    assert!(
        matches!(empty, Err(AppendError::Conflict { actual: 3, .. })),
        "an empty append behind an old version gave {empty:?}"
    );
    assert_eq!(
        everything(&*journal).await?,
        before,
        "a refusal left a trace"
    );
    append(&*journal, &r1, Authority::Owner(&lease), 2).await??;
    Ok(())
}

/// A change that breaks a chain of three: what it is, the change, and which
/// entry the forger seals again afterwards.
type Break = (&'static str, fn(&mut Vec<Entry>), Option<usize>);

const BREAKS: [Break; 14] = [
    ("a kind edited", |e| e[2].kind = "edited".into(), None),
    ("a body edited", |e| e[0].body = serde_json::json!({}), None),
    ("a time edited", |e| e[1].at = Timestamp::MAX, None),
    ("two swapped", |e| e.swap(0, 1), None),
    ("the first left out", |e| drop(e.remove(0)), None),
    ("the middle left out", |e| drop(e.remove(1)), None),
    ("one twice", |e| e.insert(1, e[0].clone()), None),
    ("a link edited", |e| e[1].prev = NOWHERE, None),
    ("a link edited and sealed", |e| e[1].prev = NOWHERE, Some(1)),
    (
        "edited and sealed, its follower not",
        |e| e[1].kind = "edited".into(),
        Some(1),
    ),
    (
        "linked to the genesis",
        |e| e[0].prev = Entry::genesis(&e[0].stream),
        Some(0),
    ),
    (
        "another stream's name",
        |e| {
            if let Ok(other) = stream("r2") {
                e[2].stream = other;
            }
        },
        Some(2),
    ),
    ("a version too high", |e| e[2].version += 1, Some(2)),
    (
        "a number without an exact form",
        |e| e[2].body = serde_json::json!({ "n": 0.5 }),
        None,
    ),
];

/// A digest that no entry has.
const NOWHERE: Digest = Digest::from_bytes([7; 32]);

pub(super) async fn i_19_entries_that_do_not_continue_the_chain_are_refused_whole(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let journal = fixture.fresh(name, clock()).await?;
    let r1 = stream("r1")?;
    append(&*journal, &r1, Authority::Bystander, 2).await??;
    say(&*journal, &stream("r2")?).await?;
    let leases = journal.claim_due(&worker("w1")?, TTL, ALL).await?;
    let lease = leases
        .iter()
        .find(|lease| lease.stream == r1)
        .ok_or("r1 was not claimed")?;
    let before = everything(&*journal).await?;
    let (expected, good) = next(&*journal, &r1, 3).await?;
    for (what, change, sealed) in BREAKS {
        let mut bad = good.clone();
        change(&mut bad);
        if let Some(entry) = sealed.and_then(|at| bad.get_mut(at)) {
            entry.digest = entry.computed_digest()?;
        }
        for authority in [Authority::Bystander, Authority::Owner(lease)] {
            let refused = journal.append(&r1, expected, authority, &bad).await;
            assert!(
                matches!(&refused, Err(AppendError::BrokenChain { stream, .. }) if *stream == r1),
                "{what} gave {refused:?}"
            );
        }
    }
    assert_eq!(
        everything(&*journal).await?,
        before,
        "a refusal left a trace"
    );
    journal
        .append(&r1, expected, Authority::Owner(lease), &good)
        .await?;
    Ok(())
}

pub(super) async fn streams_are_listed_by_name_and_in_pages(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let journal = fixture.fresh(name, clock()).await?;
    assert_eq!(journal.streams(None, ALL).await?, [], "an empty journal");
    let mut names = Vec::new();
    for name in ["b", "a/1", "a", "B", "a.b", "z", "a#", "aa", "0"] {
        names.push(stream(name)?);
        say(&*journal, &stream(name)?).await?;
    }
    names.sort();
    let list = |after: Option<crate::id::RetirementId>, limit| {
        let journal = journal.clone();
        async move {
            let page = journal.streams(after.as_ref(), limit).await?;
            Ok::<_, Trouble>(page.into_iter().map(|i| i.stream).collect::<Vec<_>>())
        }
    };
    assert_eq!(list(None, usize::MAX).await?, names, "all by name");
    assert_eq!(list(None, 0).await?, [], "none wanted");
    for (at, after) in names.iter().enumerate() {
        for limit in [0, 1, 3, ALL] {
            let expected: Vec<_> = names.iter().skip(at + 1).take(limit).cloned().collect();
            let page = list(Some(after.clone()), limit).await?;
            assert_eq!(page, expected, "{limit} after {after}");
        }
    }
    let between = list(Some(stream("a/0")?), 1).await?;
    assert_eq!(between, [stream("a/1")?], "after a name that is no stream");
    Ok(())
}

pub(super) async fn nothing_is_ever_changed_or_removed(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    let mut history: Vec<Entry> = Vec::new();
    for round in 0..12 {
        let (version, head) = tip(&*journal, &r1).await?;
        let entries = chain(&r1, version, head, 1 + round % 3, "kept")?;
        journal
            .append(&r1, version, Authority::Bystander, &entries)
            .await?;
        history.extend(entries);
        let lease = claim(&*journal, &r1).await?;
        let rewrite = chain(&r1, 0, Entry::genesis(&r1), 2, "rewritten")?;
        for authority in [Authority::Bystander, Authority::Owner(&lease)] {
            let refused = journal.append(&r1, 0, authority, &rewrite).await;
            assert!(refused.is_err(), "history was rewritten");
        }
        journal.renew(&lease, TTL).await?;
        journal.release(&lease, version, None).await?;
        assert_eq!(journal.read(&r1, 0, ALL).await?, history, "round {round}");
    }
    Ok(())
}
