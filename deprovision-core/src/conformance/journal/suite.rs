//! The fixture, and the list of all cases.

use std::sync::Arc;

use async_trait::async_trait;

use super::{append, claim, durable, lease, model, race};
use crate::conformance::{Cases, Trouble};
use crate::journal::Journal;
use crate::time::ManualClock;

/// What the test of a journal gives to the suite.
#[async_trait]
pub trait JournalFixture: Send + Sync {
    /// An empty journal of that name over that clock. Every name is asked for once.
    async fn fresh(&self, name: &str, clock: Arc<ManualClock>)
    -> Result<Arc<dyn Journal>, Trouble>;

    /// Closes the journal of that name and opens it again, as a restart of the
    /// process would. One that lives in memory gives itself back.
    async fn reopen(
        &self,
        name: &str,
        journal: Arc<dyn Journal>,
        clock: Arc<ManualClock>,
    ) -> Result<Arc<dyn Journal>, Trouble>;
}

/// Runs every case and gives their number. Needs a Tokio runtime; give it one
/// with several threads, so that the races are real.
///
/// # Errors
/// When the fixture or the journal fails where the case does not expect it.
///
/// # Panics
/// When the journal breaks a promise; the message names it.
pub async fn journal(fixture: &impl JournalFixture) -> Cases {
    let mut ran = 0;
    macro_rules! cases {
        ($($group:ident { $($case:ident,)* })*) => {$($(
            $group::$case(fixture, stringify!($case))
                .await
                .map_err(|error| format!("{}: {error}", stringify!($case)))?;
            ran += 1;
        )*)*};
    }
    cases! {
        append {
            what_was_appended_is_read_in_order_and_in_pages,
            a_stream_is_made_by_its_first_append_alone,
            i_16_an_append_behind_any_but_the_newest_version_is_a_conflict,
            i_19_entries_that_do_not_continue_the_chain_are_refused_whole,
            streams_are_listed_by_name_and_in_pages,
            nothing_is_ever_changed_or_removed,
        }
        lease {
            i_14_each_claim_has_a_larger_epoch_and_a_stale_append_is_refused,
            i_14_a_lease_that_was_given_back_or_ran_out_appends_nothing,
            i_14_a_lease_is_good_for_its_own_stream_and_epoch_only,
            i_14_the_epoch_is_checked_before_the_version,
            i_14_a_lost_lease_can_not_be_renewed_or_given_back,
            renewing_lengthens_the_lease_and_keeps_the_epoch,
            i_21_a_clock_that_steps_back_never_lowers_an_epoch,
        }
        claim {
            only_what_is_due_and_not_leased_is_claimed,
            the_longest_due_is_claimed_first_and_at_most_the_limit,
            a_word_of_a_person_makes_a_stream_due_at_once,
            a_word_of_a_person_wakes_a_stream_that_was_given_back,
            an_owner_s_append_alone_wakes_nobody,
            the_next_due_moment_knows_due_times_and_leases,
        }
        durable {
            what_was_acknowledged_is_there_after_a_restart,
            i_14_epochs_grow_across_a_restart,
            i_14_a_lease_is_neither_lost_nor_shortened_by_a_restart,
        }
        race {
            i_16_many_appends_behind_one_version_have_one_winner,
            i_16_a_veto_and_a_pivot_never_both_win,
            appends_to_many_streams_at_once_all_land,
            i_14_many_claimers_never_get_one_epoch_twice,
            no_wake_up_is_lost_between_a_person_and_a_release,
        }
        model {
            random_histories_equal_those_of_the_reference,
        }
    }
    Ok(ran)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::MemoryJournal;

    struct InMemory;

    #[async_trait]
    impl JournalFixture for InMemory {
        async fn fresh(
            &self,
            _: &str,
            clock: Arc<ManualClock>,
        ) -> Result<Arc<dyn Journal>, Trouble> {
            Ok(Arc::new(MemoryJournal::new(clock)))
        }

        async fn reopen(
            &self,
            _: &str,
            journal: Arc<dyn Journal>,
            _: Arc<ManualClock>,
        ) -> Result<Arc<dyn Journal>, Trouble> {
            Ok(journal)
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn the_journal_in_memory_keeps_every_promise() {
        assert_eq!(journal(&InMemory).await.unwrap(), 28);
    }
}
