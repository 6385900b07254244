//! Many at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::script::{
    ALL, Dice, TTL, append, chain, claim, clock, everything, info, next, say, stream, tip, worker,
};
use super::suite::JournalFixture;
use crate::conformance::Trouble;
use crate::journal::{AppendError, Authority, Journal};
use crate::time::{Clock as _, Period};

pub(super) async fn i_16_many_appends_behind_one_version_have_one_winner(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let journal = fixture.fresh(name, clock()).await?;
    let r1 = stream("r1")?;
    for round in 0..6 {
        let (version, head) = tip(&*journal, &r1).await?;
        let mut racers = JoinSet::new();
        for racer in 0..24 {
            let entries = chain(&r1, version, head, 2, &format!("racer {racer}"))?;
            let (journal, r1) = (journal.clone(), r1.clone());
            racers.spawn(async move {
                let done = journal
                    .append(&r1, version, Authority::Bystander, &entries)
                    .await;
                (entries, done)
            });
        }
        let mut winners = Vec::new();
        while let Some(raced) = racers.join_next().await {
            match raced? {
                (entries, Ok(())) => winners.push(entries),
                (_, Err(AppendError::Conflict { actual, .. })) => {
                    assert_eq!(actual, version + 2, "a loser saw half an append");
                }
                (_, Err(error)) => return Err(error.into()),
            }
        }
        assert_eq!(winners.len(), 1, "winners in round {round}");
        assert_eq!(journal.read(&r1, version, ALL).await?, winners[0]);
    }
    everything(&*journal).await?;
    Ok(())
}

pub(super) async fn i_16_a_veto_and_a_pivot_never_both_win(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let journal = fixture.fresh(name, clock()).await?;
    let r1 = stream("r1")?;
    say(&*journal, &r1).await?;
    let lease = claim(&*journal, &r1).await?;
    for round in 0..12 {
        let (version, head) = tip(&*journal, &r1).await?;
        let veto = chain(&r1, version, head, 1, "veto")?;
        let pivot = chain(&r1, version, head, 1, "pivot")?;
        let person = tokio::spawn({
            let (journal, r1, veto) = (journal.clone(), r1.clone(), veto.clone());
            async move {
                journal
                    .append(&r1, version, Authority::Bystander, &veto)
                    .await
            }
        });
        let worker = tokio::spawn({
            let (journal, r1, pivot) = (journal.clone(), r1.clone(), pivot.clone());
            let lease = lease.clone();
            async move {
                journal
                    .append(&r1, version, Authority::Owner(&lease), &pivot)
                    .await
            }
        });
        let winner = match (person.await?, worker.await?) {
            (Ok(()), Err(AppendError::Conflict { .. })) => veto,
            (Err(AppendError::Conflict { .. }), Ok(())) => pivot,
            other => return Err(format!("round {round} ended with {other:?}").into()),
        };
        assert_eq!(journal.read(&r1, version, ALL).await?, winner);
    }
    Ok(())
}

pub(super) async fn appends_to_many_streams_at_once_all_land(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let journal = fixture.fresh(name, clock()).await?;
    let mut writers = JoinSet::new();
    for writer in 0..12 {
        let journal = journal.clone();
        // Three writers share a stream and try again after a conflict.
        let r = stream(&format!("r{}", writer / 3))?;
        writers.spawn(async move {
            let mut left = 8;
            while left > 0 {
                let (version, entries) = next(&*journal, &r, 1).await?;
                match journal
                    .append(&r, version, Authority::Bystander, &entries)
                    .await
                {
                    Ok(()) => left -= 1,
                    Err(AppendError::Conflict { .. }) => {}
                    Err(error) => return Err(Trouble::from(error)),
                }
            }
            Ok(())
        });
    }
    while let Some(done) = writers.join_next().await {
        done??;
    }
    let all = everything(&*journal).await?;
    assert_eq!(all.len(), 4, "streams");
    for (name, (info, _)) in all {
        assert_eq!(info.version, 24, "entries of {name}");
    }
    Ok(())
}

pub(super) async fn i_14_many_claimers_never_get_one_epoch_twice(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    for number in 0..6 {
        say(&*journal, &stream(&format!("r{number}"))?).await?;
    }
    let mut granted = BTreeSet::new();
    for round in 1..=5 {
        let mut claimers = JoinSet::new();
        for number in 0..12 {
            let journal = journal.clone();
            let worker = worker(&format!("w{number}"))?;
            claimers.spawn(async move { journal.claim_due(&worker, TTL, 2).await });
        }
        let mut owned = BTreeSet::new();
        while let Some(leases) = claimers.join_next().await {
            for lease in leases?? {
                assert!(owned.insert(lease.stream.clone()), "two own {lease:?}");
                let fresh = granted.insert((lease.stream.clone(), lease.epoch));
                assert!(fresh, "granted twice: {lease:?}");
                let newest = info(&*journal, &lease.stream).await?.epoch;
                assert_eq!(lease.epoch, newest, "not the newest epoch");
            }
        }
        assert_eq!(owned.len(), 6, "owned in round {round}");
        clock.advance(TTL);
    }
    Ok(())
}

pub(super) async fn no_wake_up_is_lost_between_a_person_and_a_release(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal: Arc<dyn Journal> = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    let mut dice = Dice(14);
    for round in 0..24 {
        say(&*journal, &r1).await?;
        let lease = claim(&*journal, &r1).await?;
        let seen = info(&*journal, &r1).await?.version;
        let rest = match dice.below(2) {
            0 => None,
            _ => Some(Period::days(1).after(clock.now())),
        };
        let yields = dice.below(4);
        let person = tokio::spawn({
            let (journal, r1) = (journal.clone(), r1.clone());
            async move { append(&*journal, &r1, Authority::Bystander, 1).await }
        });
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        journal.release(&lease, seen, rest).await?;
        person.await???;
        let due = info(&*journal, &r1).await?.due;
        assert!(
            due.is_some_and(|due| due <= clock.now()),
            "the word of round {round} is heard by nobody: due {due:?}"
        );
        let lease = claim(&*journal, &r1).await?;
        journal.release(&lease, seen + 1, None).await?;
    }
    Ok(())
}
