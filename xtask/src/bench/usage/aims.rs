//! What we ask of ourselves, held against what was measured.

use super::log::Size;
use super::race::Race;
use super::tool::{Mode, Tool};
use crate::bench::aim::{Aim, Limit};

/// The aims that the races of a size can tell about: one that lacks a measurement is
/// not among them.
pub(crate) fn aims(size: Size, races: &[Race]) -> Vec<Aim> {
    let mut aims = Vec::new();
    for race in races {
        for mode in [Mode::Count, Mode::Full] {
            for threads in [1, 2] {
                aims.extend(faster_than_peers(size, race, mode, threads));
                aims.extend(as_fast_as_unpacking(race, mode, threads));
            }
            aims.extend(two_threads(race, mode));
            aims.extend(many_routes(race, mode));
        }
        aims.extend(memory(size, race));
    }
    aims
}

fn faster_than_peers(size: Size, race: &Race, mode: Mode, threads: u32) -> Option<Aim> {
    let ours = race.time(Tool::Ours, mode, threads)?;
    // Those that read quotes, as we do: blind to them the question is an easier one.
    let duckdb = race.time(Tool::DuckDb, mode, threads)?;
    let polars = race.time(Tool::Polars, mode, threads);
    let both = "the better of DuckDB and Polars";
    let (peers, time, least) = match (polars, size, mode) {
        (Some(polars), _, Mode::Count) => (both, duckdb.min(polars), 4.0),
        (Some(polars), Size::Quarter, _) => (both, duckdb.min(polars), 3.0),
        (Some(polars), ..) => (both, duckdb.min(polars), 2.5),
        (None, Size::Quarter, _) => ("DuckDB's reader of JSON", duckdb, 2.0),
        (None, ..) => return None,
    };
    Some(Aim {
        what: format!("{}, {} thr: speed over {peers}", mode.name(), threads),
        limit: Limit::AtLeast(least),
        measured: time / ours,
    })
}

fn as_fast_as_unpacking(race: &Race, mode: Mode, threads: u32) -> Option<Aim> {
    let ours = race.time(Tool::Ours, mode, threads)?;
    let zcat = race.time(Tool::Zcat, Mode::Floor, 1)?;
    Some(Aim {
        what: format!("{}, {threads} thr: speed over `zcat` alone", mode.name()),
        limit: Limit::AtLeast(0.9),
        measured: zcat / ours,
    })
}

fn two_threads(race: &Race, mode: Mode) -> Option<Aim> {
    // Only where all compete: elsewhere something else than the threads sets the pace.
    race.time(Tool::Polars, mode, 1)?;
    let one = race.time(Tool::Ours, mode, 1)?;
    let two = race.time(Tool::Ours, mode, 2)?;
    Some(Aim {
        what: format!("{}: speed of two threads over one", mode.name()),
        limit: Limit::AtLeast(1.7),
        measured: one / two,
    })
}

fn many_routes(race: &Race, mode: Mode) -> Option<Aim> {
    let few = race.time(Tool::Ours, mode, 1)?;
    let many = race.time(Tool::OursManyRoutes, mode, 1)?;
    Some(Aim {
        what: format!("{}: time with 100,000 routes over 2,000", mode.name()),
        limit: Limit::AtMost(1.25),
        measured: many / few,
    })
}

fn memory(size: Size, race: &Race) -> Option<Aim> {
    let most = match size {
        Size::Whole => 200.0,
        Size::TenFold => 300.0,
        // The budget that our side is given, and what it needs besides.
        Size::DistinctCallers => 300.0,
        // Too short to tell.
        Size::Quarter => return None,
    };
    let measured = [1, 2]
        .into_iter()
        .filter_map(|threads| race.find(Tool::Ours, Mode::Full, threads)?.memory())
        .map(|memory| memory.most)
        .max_by(f64::total_cmp)?;
    Some(Aim {
        what: "full: the most memory held, MB".to_owned(),
        limit: Limit::Memory(most),
        measured,
    })
}

#[cfg(test)]
mod unit {
    use super::*;
    use crate::bench::usage::page::sample;

    #[test]
    fn the_faster_peer_that_reads_quotes_at_as_many_threads_is_what_counts() {
        let race = sample::race(&[
            (Tool::Ours, Mode::Full, 1, 1.0),
            (Tool::DuckDb, Mode::Full, 1, 2.9),
            (Tool::DuckDbBlanks, Mode::Full, 1, 2.1),
            (Tool::Polars, Mode::Full, 1, 3.5),
            (Tool::Polars, Mode::Full, 2, 0.5),
        ]);
        let at_250m = aims(Size::Quarter, std::slice::from_ref(&race));
        assert_eq!(at_250m.len(), 1);
        assert_eq!(at_250m[0].measured, 2.9);
        assert!(!at_250m[0].is_reached());
        assert!(aims(Size::Whole, &[race])[0].is_reached());
    }

    #[test]
    fn nothing_is_said_where_we_or_the_others_were_not_measured() {
        let others = sample::race(&[
            (Tool::DuckDb, Mode::Full, 1, 2.9),
            (Tool::Polars, Mode::Full, 1, 3.5),
        ]);
        let alone = sample::race(&[(Tool::Ours, Mode::Full, 1, 1.0)]);
        assert_eq!(aims(Size::Quarter, &[others, alone]), []);
    }

    #[test]
    fn memory_counts_at_its_worst() {
        let mut race = sample::race(&[(Tool::Ours, Mode::Full, 2, 1.0)]);
        for entry in &mut race.entries {
            entry.runs[0].memory = 201e6;
        }
        let aims = aims(Size::Whole, &[race]);
        assert_eq!(aims[0].limit, Limit::Memory(200.0));
        assert!(!aims[0].is_reached());
    }
}
