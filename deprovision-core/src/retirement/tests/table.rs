//! The state table and the machine say the same.

use std::collections::BTreeSet;
use std::fmt::Debug;

use super::made::Made;
use super::schedules::run_schedule;
use super::world::*;
use crate::pipeline::ids;
use crate::provider::ErrorKind;
use crate::retirement::table::{ACTION, Cause, RETIREMENT, Row, mermaid};
use crate::retirement::*;

/// Schedules that are the same each time: every row has to be made by them.
fn same_schedules() -> impl Iterator<Item = Vec<u8>> {
    (1..=60_u64).map(|seed| {
        let mut x = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (0..400)
            .map(|_| {
                x ^= x << 13;
                x ^= x >> 7;
                x ^= x << 17;
                (x % 40) as u8
            })
            .collect()
    })
}

fn missing<S: Copy + Ord + Debug>(
    rows: &[Row<S>],
    made: &BTreeSet<(Option<S>, Cause, S)>,
) -> Vec<String> {
    rows.iter()
        .filter(|row| !made.contains(&(row.from, row.cause, row.to)))
        .map(|row| format!("{:?} --{:?}--> {:?}", row.from, row.cause, row.to))
        .collect()
}

/// What no schedule of one driver makes, or hardly any.
fn by_hand() -> Made {
    let mut failing = ready();
    failing.until_act(ids::CLOSE);
    failing
        .give(Command::Fail {
            action: id(ids::CLOSE, 0),
            kind: ErrorKind::Transient,
            why: "nothing was sent".into(),
        })
        .unwrap();

    let mut dying = ready();
    dying.until_act(ids::CLOSE);
    dying.drive(&mut || 4);
    dying.park().unwrap();
    dying.cancel().unwrap();
    // The undo is sent and the driver dies again; then a look tells nothing.
    dying.drive(&mut || 4);
    while !dying.drive(&mut || 0) {
        dying.pass_time();
    }
    dying.finish();

    let mut watching = ready();
    while !matches!(watching.retirement.mode(), Mode::Watching { .. }) {
        if !watching.drive(&mut || 255) {
            watching.pass_time();
        }
    }
    watching.park().unwrap();
    watching.finish();

    let mut made = failing.made;
    made.merge(dying.made);
    made.merge(watching.made);
    made
}

#[test]
fn every_row_is_made_and_every_transition_is_a_row() {
    let mut made = by_hand();
    for schedule in same_schedules() {
        // Whatever is made and is no row fails in there.
        made.merge(run_schedule(schedule).made);
    }
    let mut missing_rows = missing(ACTION, &made.actions);
    missing_rows.extend(missing(RETIREMENT, &made.retirement));
    assert!(missing_rows.is_empty(), "nobody makes {missing_rows:#?}");
}

#[test]
fn no_row_stands_twice_and_no_label_breaks_the_diagram() {
    fn check<S: Copy + Ord + Debug>(rows: &[Row<S>]) {
        let ways: BTreeSet<_> = rows.iter().map(|r| (r.from, r.cause, r.to)).collect();
        assert_eq!(ways.len(), rows.len());
        for row in rows {
            assert!(!row.when.is_empty(), "{row:?}");
            assert!(!row.when.contains([':', ';', '#', '\n']), "{row:?}");
        }
    }
    check(ACTION);
    check(RETIREMENT);
}

#[test]
fn a_diagram_begins_ends_and_leaves_out_what_stays() {
    let diagram = mermaid(RETIREMENT);
    assert!(diagram.starts_with("stateDiagram-v2\n    [*] --> Forward: proposed\n"));
    assert!(diagram.contains("\n    Cancelled --> [*]\n"), "{diagram}");
    assert!(diagram.ends_with("\n    Finished --> [*]\n"), "{diagram}");
    assert!(!mermaid(ACTION).contains("Settling --> Settling"));
}
