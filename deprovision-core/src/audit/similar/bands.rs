//! Sketches cut into bands: what agrees in a whole band is compared.

use super::sketch::LEN;
use crate::catalog::mix;

/// How often a pair at the threshold may be missed.
const MISSED: f64 = 1e-6;

/// How sketches are cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bands {
    pub(super) count: usize,
    /// How many numbers are in a band.
    pub(super) rows: usize,
}

impl Bands {
    /// The widest bands, and so the fewest comparisons, by which a pair with that
    /// share in common is missed at most once in a million: it agrees in a band of
    /// `r` numbers with probability `s^r`, and in none of `b` bands with `(1 - s^r)^b`.
    pub(super) fn for_percent(percent: u8) -> Self {
        let share = f64::from(percent) / 100.0;
        let mut best = Self {
            count: LEN,
            rows: 1,
        };
        for rows in 2_u8..=32 {
            let count = LEN / usize::from(rows);
            let agree = share.powi(i32::from(rows));
            let missed = (1.0 - agree).powi(i32::try_from(count).unwrap_or(i32::MAX));
            if missed <= MISSED {
                best = Self {
                    count,
                    rows: rows.into(),
                };
            }
        }
        best
    }

    /// One number for each band of a sketch.
    pub(super) fn keys(self, sketch: &[u64; LEN]) -> impl Iterator<Item = u64> {
        sketch
            .chunks_exact(self.rows)
            .take(self.count)
            .map(|band| band.iter().fold(0, |key, number| mix(key ^ number)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bands_are_as_wide_as_the_threshold_allows() {
        let bands = |percent| {
            let bands = Bands::for_percent(percent);
            (bands.count, bands.rows)
        };
        assert_eq!(bands(50), (64, 2));
        assert_eq!(bands(70), (42, 3));
        assert_eq!(bands(80), (32, 4));
        assert_eq!(bands(100), (4, 32));
        for percent in 50..=100 {
            let (count, rows) = bands(percent);
            let share = f64::from(percent) / 100.0;
            let missed = (1.0 - share.powi(rows as i32)).powi(count as i32);
            assert!(missed <= MISSED, "{percent}: {missed}");
        }
    }
}
