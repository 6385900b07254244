//! Leases: who may append, and until when.

use super::script::{ALL, TTL, append, claim, clock, everything, info, next, say, stream, worker};
use super::suite::JournalFixture;
use crate::conformance::Trouble;
use crate::journal::{AppendError, Authority, Lease, LeaseError};
use crate::time::{Clock as _, Period};

/// Whether the append was refused because of this lease, at this current epoch.
fn is_stale(refused: &Result<(), AppendError>, lease: &Lease, newest: u64) -> bool {
    matches!(refused, Err(AppendError::StaleLease { held, current, .. })
        if *held == lease.epoch && *current == newest)
}

/// Whether the lease was refused, at this current epoch.
fn is_lost<T>(refused: &Result<T, LeaseError>, lease: &Lease, newest: u64) -> bool {
    matches!(refused, Err(LeaseError::Lost { stream, worker, held, current })
        if *stream == lease.stream && *worker == lease.worker
            && *held == lease.epoch && *current == newest)
}

pub(super) async fn i_14_each_claim_has_a_larger_epoch_and_a_stale_append_is_refused(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    say(&*journal, &r1).await?;
    assert_eq!(info(&*journal, &r1).await?.epoch, 0, "never claimed");
    let mut old: Vec<Lease> = Vec::new();
    for round in 0..6 {
        let lease = claim(&*journal, &r1).await?;
        assert_eq!(lease.worker, worker("w1")?);
        assert_eq!(lease.expires, TTL.after(clock.now()), "when it ends");
        assert_eq!(info(&*journal, &r1).await?.epoch, lease.epoch);
        assert!(
            old.iter().all(|before| before.epoch < lease.epoch) && lease.epoch > 0,
            "the epoch {} is not larger than all before",
            lease.epoch
        );
        append(&*journal, &r1, Authority::Owner(&lease), 1).await??;
        for stale in &old {
            let refused = append(&*journal, &r1, Authority::Owner(stale), 1).await?;
            assert!(is_stale(&refused, stale, lease.epoch), "{refused:?}");
        }
        // Ends in turn by time and by release.
        if round % 2 == 0 {
            clock.advance(TTL);
        } else {
            journal.release(&lease, 0, None).await?;
        }
        old.push(lease);
    }
    Ok(())
}

pub(super) async fn i_14_a_lease_that_was_given_back_or_ran_out_appends_nothing(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    say(&*journal, &r1).await?;
    let lease = claim(&*journal, &r1).await?;
    clock.advance(Period::seconds(TTL.as_seconds() - 1));
    append(&*journal, &r1, Authority::Owner(&lease), 1).await??;
    clock.advance(Period::seconds(1));
    let before = everything(&*journal).await?;
    let refused = append(&*journal, &r1, Authority::Owner(&lease), 2).await?;
    assert!(
        is_stale(&refused, &lease, lease.epoch),
        "at its end: {refused:?}"
    );
    assert_eq!(
        everything(&*journal).await?,
        before,
        "a refusal left a trace"
    );
    let lease = claim(&*journal, &r1).await?;
    journal.release(&lease, 2, Some(clock.now())).await?;
    let before = everything(&*journal).await?;
    let refused = append(&*journal, &r1, Authority::Owner(&lease), 2).await?;
    assert!(
        is_stale(&refused, &lease, lease.epoch),
        "given back: {refused:?}"
    );
    assert_eq!(
        everything(&*journal).await?,
        before,
        "a refusal left a trace"
    );
    Ok(())
}

pub(super) async fn i_14_a_lease_is_good_for_its_own_stream_and_epoch_only(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let journal = fixture.fresh(name, clock()).await?;
    let (r1, r2, r3) = (stream("r1")?, stream("r2")?, stream("r3")?);
    say(&*journal, &r1).await?;
    let lease = claim(&*journal, &r1).await?;
    say(&*journal, &r2).await?;
    let other = claim(&*journal, &r2).await?;
    assert_eq!(lease.epoch, other.epoch, "each stream counts for itself");
    for (lease, target) in [(&lease, &r2), (&other, &r1), (&lease, &r3)] {
        let refused = append(&*journal, target, Authority::Owner(lease), 1).await?;
        assert!(
            matches!(refused, Err(AppendError::StaleLease { .. })),
            "the lease of {} on {target} gave {refused:?}",
            lease.stream
        );
    }
    let mut forged = lease.clone();
    forged.epoch += 1;
    let refused = append(&*journal, &r1, Authority::Owner(&forged), 1).await?;
    assert!(is_stale(&refused, &forged, lease.epoch), "{refused:?}");
    let refused = journal.renew(&forged, TTL).await;
    assert!(is_lost(&refused, &forged, lease.epoch), "{refused:?}");
    forged.epoch = lease.epoch;
    forged.stream = r3;
    let refused = journal.release(&forged, 0, None).await;
    assert!(is_lost(&refused, &forged, 0), "{refused:?}");
    append(&*journal, &r1, Authority::Owner(&lease), 1).await??;
    Ok(())
}

pub(super) async fn i_14_the_epoch_is_checked_before_the_version(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    say(&*journal, &r1).await?;
    let lease = claim(&*journal, &r1).await?;
    clock.advance(TTL);
    let newer = claim(&*journal, &r1).await?;
    let (_, mut entries) = next(&*journal, &r1, 1).await?;
    entries[0].kind = "broken".into();
    for expected in [0, 1, 7] {
        let refused = journal
            .append(&r1, expected, Authority::Owner(&lease), &entries)
            .await;
        assert!(is_stale(&refused, &lease, newer.epoch), "{refused:?}");
    }
    let refused = journal
        .append(&r1, 7, Authority::Owner(&newer), &entries)
        .await;
    assert!(
        matches!(refused, Err(AppendError::Conflict { .. })),
        "{refused:?}"
    );
    Ok(())
}

pub(super) async fn i_14_a_lost_lease_can_not_be_renewed_or_given_back(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    say(&*journal, &r1).await?;
    let old = claim(&*journal, &r1).await?;
    clock.advance(TTL);
    let refused = journal.renew(&old, TTL).await;
    assert!(is_lost(&refused, &old, old.epoch), "ran out: {refused:?}");
    let refused = journal.release(&old, 1, None).await;
    assert!(is_lost(&refused, &old, old.epoch), "ran out: {refused:?}");
    let newer = claim(&*journal, &r1).await?;
    let before = everything(&*journal).await?;
    let refused = journal.renew(&old, Period::days(9)).await;
    assert!(is_lost(&refused, &old, newer.epoch), "taken: {refused:?}");
    let refused = journal.release(&old, 1, None).await;
    assert!(is_lost(&refused, &old, newer.epoch), "taken: {refused:?}");
    assert_eq!(
        everything(&*journal).await?,
        before,
        "a refusal left a trace"
    );
    append(&*journal, &r1, Authority::Owner(&newer), 1).await??;
    journal.release(&newer, 2, None).await?;
    let refused = journal.release(&newer, 2, Some(clock.now())).await;
    assert!(is_lost(&refused, &newer, newer.epoch), "twice: {refused:?}");
    assert_eq!(info(&*journal, &r1).await?.due, None, "twice: it is due");
    Ok(())
}

pub(super) async fn renewing_lengthens_the_lease_and_keeps_the_epoch(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    say(&*journal, &r1).await?;
    let first = claim(&*journal, &r1).await?;
    let mut lease = first.clone();
    for _ in 0..5 {
        clock.advance(Period::minutes(3));
        lease = journal.renew(&lease, TTL).await?;
        assert_eq!(lease.expires, TTL.after(clock.now()), "from now on");
        assert_eq!(
            (&lease.stream, &lease.worker, lease.epoch),
            (&first.stream, &first.worker, first.epoch)
        );
    }
    let nobody = journal.claim_due(&worker("w2")?, TTL, ALL).await?;
    assert_eq!(nobody, [], "it was claimed while it was renewed");
    // The token counts, not the end that is written on it.
    append(&*journal, &r1, Authority::Owner(&first), 1).await??;
    clock.advance(TTL);
    let next = claim(&*journal, &r1).await?;
    assert!(next.epoch > lease.epoch);
    Ok(())
}

pub(super) async fn i_21_a_clock_that_steps_back_never_lowers_an_epoch(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    say(&*journal, &r1).await?;
    let first = claim(&*journal, &r1).await?;
    clock.step_to(Period::days(3).before(clock.now()));
    let nobody = journal.claim_due(&worker("w2")?, TTL, ALL).await?;
    assert_eq!(nobody, [], "a lease ended because the clock stepped back");
    clock.step_to(first.expires);
    let second = claim(&*journal, &r1).await?;
    assert!(second.epoch > first.epoch, "the epoch did not grow");
    clock.step_to(Period::minutes(1).before(first.expires));
    let refused = append(&*journal, &r1, Authority::Owner(&first), 1).await?;
    assert!(is_stale(&refused, &first, second.epoch), "{refused:?}");
    append(&*journal, &r1, Authority::Owner(&second), 1).await??;
    Ok(())
}
