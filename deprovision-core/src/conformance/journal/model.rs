//! Random histories, played to the journal under test and to the reference.

use std::sync::Arc;

use super::script::{ALL, Dice, chain, clock, everything, stream, tip, worker};
use super::suite::JournalFixture;
use crate::conformance::Trouble;
use crate::id::RetirementId;
use crate::journal::{AppendError, Authority, Journal, Lease, LeaseError, MemoryJournal};
use crate::time::{Clock as _, ManualClock, Period};

/// How many histories are played, and how long each is.
const HISTORIES: u64 = 6;
const STEPS: u64 = 120;

/// What came of an append, as far as implementations must agree.
fn appended(result: Result<(), AppendError>) -> Result<String, Trouble> {
    Ok(match result {
        Ok(()) => "stored".into(),
        Err(AppendError::BrokenChain { stream, .. }) => format!("broken chain of {stream}"),
        Err(error @ (AppendError::Conflict { .. } | AppendError::StaleLease { .. })) => {
            error.to_string()
        }
        Err(error @ (AppendError::Unknown { .. } | AppendError::Journal(_))) => {
            return Err(error.into());
        }
    })
}

/// What came of a renewal or a release.
fn leased<T: std::fmt::Debug>(result: Result<T, LeaseError>) -> Result<String, Trouble> {
    Ok(match result {
        Ok(value) => format!("{value:?}"),
        Err(error @ LeaseError::Lost { .. }) => error.to_string(),
        Err(error @ LeaseError::Journal(_)) => return Err(error.into()),
    })
}

/// One random step, decided once and done to both journals.
enum Step {
    Append {
        stream: RetirementId,
        lease: Option<Lease>,
        count: u64,
        version_off: u64,
        broken: bool,
    },
    Claim {
        ttl: Period,
        limit: usize,
    },
    Renew(Lease, Period),
    Release(Lease, u64, Option<Period>),
    Read(RetirementId, u64, usize),
    Streams(RetirementId, usize),
    NextDue,
}

impl Step {
    fn random(dice: &mut Dice, granted: &[Lease]) -> Result<Self, Trouble> {
        let name = stream(&format!("r{}", dice.below(4)))?;
        let period = Period::seconds(dice.below(900));
        // Old leases as well as new ones, most often one of the newest.
        let lease = (!granted.is_empty()).then(|| {
            let back = dice.below(4) * dice.below(3);
            let at = (granted.len() as u64).saturating_sub(1 + back);
            granted[usize::try_from(at).unwrap_or(0)].clone()
        });
        Ok(match (dice.below(20), lease) {
            (0..=4, None) | (0..=2, Some(_)) => Self::Append {
                stream: name,
                lease: None,
                count: dice.below(4),
                version_off: dice.below(8) / 7,
                broken: dice.below(8) == 0,
            },
            (3..=8, Some(lease)) => Self::Append {
                stream: if dice.below(8) == 0 {
                    name
                } else {
                    lease.stream.clone()
                },
                lease: Some(lease),
                count: dice.below(4),
                version_off: dice.below(8) / 7,
                broken: dice.below(8) == 0,
            },
            (9..=10, Some(lease)) => Self::Renew(lease, period),
            (11..=13, Some(lease)) => {
                Self::Release(lease, dice.below(12), (dice.below(3) > 0).then_some(period))
            }
            (14..=15, _) => Self::Read(name, dice.below(9), usize::try_from(dice.below(5))?),
            (16, _) => Self::Streams(name, usize::try_from(dice.below(4))?),
            (17, _) => Self::NextDue,
            _ => Self::Claim {
                ttl: period,
                limit: usize::try_from(dice.below(4))?,
            },
        })
    }

    /// Does it, and says what came of it.
    async fn play(
        &self,
        journal: &dyn Journal,
        clock: &ManualClock,
    ) -> Result<(String, Vec<Lease>), Trouble> {
        let mut granted = Vec::new();
        let said = match self {
            Self::Append {
                stream,
                lease,
                count,
                version_off,
                broken,
            } => {
                let (version, head) = tip(journal, stream).await?;
                let mut entries = chain(stream, version, head, *count, "model")?;
                if *broken && let Some(last) = entries.last_mut() {
                    last.kind = "broken".into();
                }
                let authority = lease
                    .as_ref()
                    .map_or(Authority::Bystander, Authority::Owner);
                let expected = version + version_off;
                appended(journal.append(stream, expected, authority, &entries).await)?
            }
            Self::Claim { ttl, limit } => {
                granted = journal.claim_due(&worker("w1")?, *ttl, *limit).await?;
                format!("{granted:?}")
            }
            Self::Renew(lease, ttl) => leased(journal.renew(lease, *ttl).await)?,
            Self::Release(lease, seen, rest) => {
                let due = rest.map(|rest| rest.after(clock.now()));
                leased(journal.release(lease, *seen, due).await)?
            }
            Self::Read(name, after, limit) => match journal.read(name, *after, *limit).await {
                Ok(entries) => format!("{entries:?}"),
                Err(error) => error.to_string(),
            },
            Self::Streams(after, limit) => {
                format!("{:?}", journal.streams(Some(after), *limit).await?)
            }
            Self::NextDue => format!("{:?}", journal.next_due().await?),
        };
        Ok((said, granted))
    }
}

pub(super) async fn random_histories_equal_those_of_the_reference(
    fixture: &impl JournalFixture,
    name: &str,
) -> Result<(), Trouble> {
    for history in 0..HISTORIES {
        let name = format!("{name}-{history}");
        let mut dice = Dice(history);
        let clock = clock();
        let reference = MemoryJournal::new(clock.clone());
        let mut journal: Arc<dyn Journal> = fixture.fresh(&name, clock.clone()).await?;
        let mut granted = Vec::new();
        for step in 0..STEPS {
            let at = format!("step {step} of history {history}");
            if dice.below(3) == 0 {
                clock.advance(Period::seconds(dice.below(300)));
            }
            if dice.below(40) == 0 {
                journal = fixture.reopen(&name, journal, clock.clone()).await?;
            }
            let step = Step::random(&mut dice, &granted)?;
            let (expected, _) = step.play(&reference, &clock).await?;
            let (said, leases) = step.play(&*journal, &clock).await?;
            assert_eq!(said, expected, "{at}");
            granted.extend(leases);
        }
        assert_eq!(
            everything(&*journal).await?,
            everything(&reference).await?,
            "the end of history {history}"
        );
        assert_eq!(journal.next_due().await?, reference.next_due().await?);
        assert!(
            granted.len() > 5 && journal.streams(None, ALL).await?.len() > 2,
            "history {history} is too thin to show anything"
        );
    }
    Ok(())
}
