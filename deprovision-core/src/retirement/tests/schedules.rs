//! Random schedules of faults and people.

use std::sync::Arc;

use proptest::prelude::*;

use super::world::*;
use crate::retirement::*;
use crate::time::Period;

#[test]
fn a_retirement_without_faults_ends_retired_and_writes_each_effect_once() {
    let mut case = Case::new();
    Arc::make_mut(&mut case.retirement.policy)
        .limits
        .credentials = 100;
    case.finish();
    assert_eq!(*case.retirement.mode(), Mode::Finished);
    let written = case
        .log
        .iter()
        .filter(|(e, _)| matches!(e, Event::ActionIntended { .. }))
        .count();
    assert_eq!(written as u64, case.writes);
    assert!(case.world.values().all(|on| *on));
}

/// Does what the numbers say: faults of the providers, and what people do; then
/// there are no more faults, and it has to come to an end.
pub(super) fn run_schedule(faults: Vec<u8>) -> Case {
    let mut case = ready();
    // Half of them are never called off, or none would ever get far.
    let may_cancel = faults.first().is_some_and(|first| first % 2 == 0);
    let mut random = faults.into_iter();
    let mut number = 0u32;
    while let Some(choice) = random.next() {
        number += 1;
        match choice {
            27 => case.be_helped(),
            28 => {
                let first = case.retirement.objections().values().next().cloned();
                if let Some(Objection { id, by, .. }) = first {
                    case.give(Command::WithdrawObjection { id, by }).unwrap();
                }
            }
            29 => {
                let _ = case.park();
            }
            30 => {
                let _ = case.object(&format!("o{number}"));
            }
            31 if may_cancel => {
                let _ = case.cancel();
            }
            32 => case.requests = 1 - case.requests,
            33 => case.approve(None),
            34 => case.now = Period::hours(2).before(case.now),
            35 => {
                let by = Period::hours(2);
                case.give(Command::NoteClockStep { by }).unwrap();
            }
            36 => {
                let _ = case.waive(u8::try_from(number % 4).unwrap(), 1 + u64::from(number % 9));
            }
            37 => {
                let by = person("ann");
                let grant = grant(u8::try_from(number % 4).unwrap());
                let _ = case.give(Command::WithdrawWaiver { grant, by });
            }
            38 => {
                let to = Period::days(1 + u64::from(number % 5)).after(case.now);
                let (by, reason) = (person("erin"), "payroll".to_owned());
                let _ = case.give(Command::Postpone { to, by, reason });
            }
            39 => {
                let until = Period::days(1 + u64::from(number % 5)).after(case.now);
                let _ = case.answer(&format!("a{}", number % 7), until);
            }
            _ => {
                if !case.drive(&mut || random.next().unwrap_or(255)) {
                    case.pass_time();
                }
            }
        }
    }
    case.requests = 0;
    case.finish();
    case
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    /// Any faults and any people, then no more faults: it ends retired, or as it
    /// was before; what was about to be sent was always allowed to be (see
    /// `Case::check`); every transition is in the state table (see `Made`); and
    /// replaying the log gives the same state.
    #[test]
    fn any_schedule_is_safe_and_ends(faults in prop::collection::vec(0u8..40, 50..600)) {
        let case = run_schedule(faults);
        match case.retirement.mode() {
            Mode::Cancelled => prop_assert!(
                case.world.iter().all(|(id, on)| *on == case.theirs.contains(id))
            ),
            Mode::Finished => prop_assert!(case.world.values().all(|on| *on)),
            other => prop_assert!(false, "{other:?}"),
        }
        let mut replayed = Retirement::begin(&case.log[0].0, case.log[0].1).unwrap();
        for (event, at) in &case.log[1..] {
            let json = serde_json::to_string(event).unwrap();
            let named = format!("{{\"type\":\"{}\"", event.name());
            prop_assert!(json.starts_with(&named), "{json}");
            replayed.evolve(&serde_json::from_str(&json).unwrap(), *at);
        }
        prop_assert_eq!(replayed, case.retirement);
    }
}
