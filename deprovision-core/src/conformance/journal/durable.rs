//! What a restart must not change.

use super::script::{ALL, TTL, append, claim, clock, everything, say, stream, worker};
use super::suite::JournalFixture;
use crate::conformance::Trouble;
use crate::journal::{AppendError, Authority};
use crate::time::Period;

pub(super) async fn what_was_acknowledged_is_there_after_a_restart(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let mut journal = fixture.fresh(name, clock.clone()).await?;
    let (r1, r2, r3) = (stream("r1")?, stream("r2")?, stream("r3")?);
    for round in 0..4 {
        append(&*journal, &r1, Authority::Bystander, 1 + round).await??;
        say(&*journal, &r3).await?;
        clock.advance(Period::seconds(1));
        say(&*journal, &r2).await?;
        let before = everything(&*journal).await?;
        let due = journal.next_due().await?;
        journal = fixture.reopen(name, journal, clock.clone()).await?;
        assert_eq!(everything(&*journal).await?, before, "round {round}");
        assert_eq!(journal.next_due().await?, due, "round {round}");
    }
    Ok(())
}

pub(super) async fn i_14_epochs_grow_across_a_restart(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let mut journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    let mut newest = 0;
    for round in 0..4 {
        say(&*journal, &r1).await?;
        let lease = claim(&*journal, &r1).await?;
        assert!(lease.epoch > newest, "{} after {newest}", lease.epoch);
        newest = lease.epoch;
        if round % 2 == 0 {
            journal.release(&lease, 0, None).await?;
        } else {
            clock.advance(TTL);
        }
        journal = fixture.reopen(name, journal, clock.clone()).await?;
        let refused = append(&*journal, &r1, Authority::Owner(&lease), 1).await?;
        assert!(
            matches!(refused, Err(AppendError::StaleLease { .. })),
            "{refused:?}"
        );
    }
    Ok(())
}

pub(super) async fn i_14_a_lease_is_neither_lost_nor_shortened_by_a_restart(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    say(&*journal, &r1).await?;
    let lease = claim(&*journal, &r1).await?;
    let lease = journal.renew(&lease, Period::hours(1)).await?;
    let journal = fixture.reopen(name, journal, clock.clone()).await?;
    clock.advance(Period::minutes(59));
    let nobody = journal.claim_due(&worker("w2")?, TTL, ALL).await?;
    assert_eq!(nobody, [], "a second owner while the first may still act");
    append(&*journal, &r1, Authority::Owner(&lease), 1).await??;
    let journal = fixture.reopen(name, journal, clock.clone()).await?;
    journal.release(&lease, 0, None).await?;
    let again = claim(&*journal, &r1).await?;
    assert!(again.epoch > lease.epoch);
    Ok(())
}
