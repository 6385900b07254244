//! What we ask of ourselves, held against what was measured.

use std::fmt::Write as _;

/// A number that must not be less, or not more, than a limit.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Aim {
    pub(crate) what: String,
    pub(crate) limit: Limit,
    pub(crate) measured: f64,
}

/// On which side of what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Limit {
    /// So many times something else, or more.
    AtLeast(f64),
    /// So many times something else, or less.
    AtMost(f64),
    /// MB, or less.
    Memory(f64),
}

impl Aim {
    pub(crate) fn is_reached(&self) -> bool {
        match self.limit {
            Limit::AtLeast(least) => self.measured >= least,
            Limit::AtMost(most) | Limit::Memory(most) => self.measured <= most,
        }
    }
}

/// The aims, and whether they were reached.
pub(crate) fn table(aims: &[Aim]) -> String {
    let mut table = String::from("| aim | asked | measured | |\n|---|---|---|---|\n");
    for aim in aims {
        let reached = if aim.is_reached() {
            "reached"
        } else {
            "**missed**"
        };
        let (asked, measured) = match aim.limit {
            Limit::AtLeast(least) => (format!("≥ {least}"), format!("{:.2}", aim.measured)),
            Limit::AtMost(most) => (format!("≤ {most}"), format!("{:.2}", aim.measured)),
            Limit::Memory(most) => (format!("≤ {most}"), format!("{:.0}", aim.measured)),
        };
        // Writing to a text can not fail.
        let _ = writeln!(table, "| {} | {asked} | {measured} | {reached} |", aim.what);
    }
    table
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_missed_aim_is_written_as_missed() {
        let aim = |measured| Aim {
            what: "speed".to_owned(),
            limit: Limit::AtLeast(3.0),
            measured,
        };
        let table = table(&[aim(3.0), aim(2.994)]);
        assert!(table.contains("| speed | ≥ 3 | 3.00 | reached |"));
        assert!(table.contains("| speed | ≥ 3 | 2.99 | **missed** |"));
    }
}
