//! What is due, for whom, and when.

use super::script::{ALL, TTL, append, claim, clock, info, say, stream, worker};
use super::suite::JournalFixture;
use crate::conformance::Trouble;
use crate::journal::{Authority, Journal};
use crate::time::{Clock as _, Period};

/// The names of the streams that a claim gives.
async fn claimed(journal: &dyn Journal, limit: usize) -> Result<Vec<String>, Trouble> {
    let leases = journal.claim_due(&worker("w2")?, TTL, limit).await?;
    Ok(leases.iter().map(|l| l.stream.to_string()).collect())
}

pub(super) async fn only_what_is_due_and_not_leased_is_claimed(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    assert_eq!(claimed(&*journal, ALL).await?, [""; 0], "an empty journal");
    say(&*journal, &r1).await?;
    let lease = claim(&*journal, &r1).await?;
    assert_eq!(claimed(&*journal, ALL).await?, [""; 0], "it is leased");
    say(&*journal, &r1).await?;
    assert_eq!(claimed(&*journal, ALL).await?, [""; 0], "still leased");
    let later = Period::minutes(2).after(clock.now());
    journal.release(&lease, 2, Some(later)).await?;
    assert_eq!(info(&*journal, &r1).await?.due, Some(later));
    clock.advance(Period::seconds(119));
    assert_eq!(claimed(&*journal, ALL).await?, [""; 0], "not due yet");
    clock.advance(Period::seconds(1));
    let lease = claim(&*journal, &r1).await?;
    journal.release(&lease, 2, None).await?;
    clock.advance(Period::days(3_000));
    assert_eq!(claimed(&*journal, ALL).await?, [""; 0], "never due");
    assert_eq!(info(&*journal, &r1).await?.due, None);
    Ok(())
}

pub(super) async fn the_longest_due_is_claimed_first_and_at_most_the_limit(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let order = ["m", "c", "x", "a", "q"];
    for name in order {
        say(&*journal, &stream(name)?).await?;
        clock.advance(Period::seconds(1));
    }
    // Due at one moment: by name.
    for name in ["z2", "z1"] {
        say(&*journal, &stream(name)?).await?;
    }
    assert_eq!(claimed(&*journal, 0).await?, [""; 0], "none wanted");
    assert_eq!(claimed(&*journal, 2).await?, ["m", "c"]);
    assert_eq!(claimed(&*journal, 1).await?, ["x"]);
    assert_eq!(
        claimed(&*journal, usize::MAX).await?,
        ["a", "q", "z1", "z2"]
    );
    assert_eq!(claimed(&*journal, ALL).await?, [""; 0], "all are leased");
    clock.advance(TTL);
    assert_eq!(claimed(&*journal, 3).await?, ["m", "c", "x"], "run out");
    Ok(())
}

pub(super) async fn a_word_of_a_person_makes_a_stream_due_at_once(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    let began = clock.now();
    say(&*journal, &r1).await?;
    assert_eq!(info(&*journal, &r1).await?.due, Some(began), "the first");
    clock.advance(Period::minutes(1));
    say(&*journal, &r1).await?;
    let due = info(&*journal, &r1).await?.due;
    assert_eq!(due, Some(began), "a second word made it due later");
    for rest in [None, Some(Period::days(9))] {
        let lease = claim(&*journal, &r1).await?;
        let due = rest.map(|rest| rest.after(clock.now()));
        journal.release(&lease, u64::MAX, due).await?;
        clock.advance(Period::hours(1));
        assert_eq!(info(&*journal, &r1).await?.due, due);
        say(&*journal, &r1).await?;
        assert_eq!(info(&*journal, &r1).await?.due, Some(clock.now()));
    }
    claim(&*journal, &r1).await?;
    Ok(())
}

pub(super) async fn a_word_of_a_person_wakes_a_stream_that_was_given_back(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    append(&*journal, &r1, Authority::Bystander, 2).await??;
    for rest in [None, Some(Period::days(1))] {
        let lease = claim(&*journal, &r1).await?;
        let seen = info(&*journal, &r1).await?.version;
        say(&*journal, &r1).await?;
        clock.advance(Period::minutes(1));
        // The worker had not seen that word when it decided to sleep.
        let due = rest.map(|rest| rest.after(clock.now()));
        journal.release(&lease, seen, due).await?;
        let awake = info(&*journal, &r1).await?.due;
        assert!(
            awake.is_some_and(|due| due <= clock.now()),
            "a wake-up was lost: due {awake:?}"
        );
        let lease = claim(&*journal, &r1).await?;
        journal.release(&lease, seen + 1, due).await?;
        assert_eq!(info(&*journal, &r1).await?.due, due, "all was seen");
        say(&*journal, &r1).await?;
    }
    Ok(())
}

pub(super) async fn an_owner_s_append_alone_wakes_nobody(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let r1 = stream("r1")?;
    say(&*journal, &r1).await?;
    let lease = claim(&*journal, &r1).await?;
    append(&*journal, &r1, Authority::Owner(&lease), 2).await??;
    journal.release(&lease, 3, None).await?;
    assert_eq!(info(&*journal, &r1).await?.due, None);
    assert_eq!(journal.next_due().await?, None);
    assert_eq!(claimed(&*journal, ALL).await?, [""; 0]);
    Ok(())
}

pub(super) async fn the_next_due_moment_knows_due_times_and_leases(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    let clock = clock();
    let journal = fixture.fresh(name, clock.clone()).await?;
    let began = clock.now();
    assert_eq!(journal.next_due().await?, None, "an empty journal");
    let (r1, r2) = (stream("r1")?, stream("r2")?);
    say(&*journal, &r1).await?;
    assert_eq!(journal.next_due().await?, Some(began));
    let lease = claim(&*journal, &r1).await?;
    let ends = TTL.after(began);
    assert_eq!(journal.next_due().await?, Some(ends), "when the lease ends");
    clock.advance(Period::minutes(1));
    say(&*journal, &r2).await?;
    assert_eq!(journal.next_due().await?, Some(clock.now()), "the other");
    let other = claim(&*journal, &r2).await?;
    assert_eq!(journal.next_due().await?, Some(ends), "the first to end");
    let longer = journal.renew(&lease, Period::hours(1)).await?;
    assert_eq!(journal.next_due().await?, Some(other.expires), "renewed");
    journal.release(&other, 1, None).await?;
    assert_eq!(journal.next_due().await?, Some(longer.expires));
    let tomorrow = Period::days(1).after(clock.now());
    journal.release(&longer, 1, Some(tomorrow)).await?;
    assert_eq!(journal.next_due().await?, Some(tomorrow));
    Ok(())
}
