//! The middle of several measurements, and how far they lie apart.

use std::fmt;

/// Median, least and most of the same thing measured several times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Nothing when nothing was measured.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let upper = *values.get(values.len() / 2)?;
        let lower = *values.get((values.len() - 1) / 2)?;
        Some(Self {
            median: f64::midpoint(lower, upper),
            least: *values.first()?,
            most: *values.last()?,
        })
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            median,
            least,
            most,
        } = self;
        write!(out, "{median:.2} [{least:.2}–{most:.2}]")
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_lies_between_the_two_in_the_middle() {
        assert_eq!(Spread::of([]), None);
        let odd = Spread::of([3.0, 1.0, 2.5]).unwrap();
        assert_eq!((odd.median, odd.least, odd.most), (2.5, 1.0, 3.0));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).unwrap().median, 2.5);
        assert_eq!(odd.to_string(), "2.50 [1.00–3.00]");
    }
}
