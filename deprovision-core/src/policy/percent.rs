//! Shares, written as people write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A share in whole hundredths, from none to all. Whole, because a policy has a
/// digest and fractions have more than one writing.
///
/// ```
/// use deprovision_core::policy::Percent;
/// let most: Percent = "80%".parse()?;
/// assert!(most.is_reached_by(4, 5) && !most.is_reached_by(79, 100));
/// assert_eq!(most.to_string(), "80%");
/// # Ok::<(), deprovision_core::policy::ParsePercentError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(u8);

impl Percent {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const ALL: Self = Self(100);

    /// So many hundredths; more than all is cut to all.
    #[must_use]
    pub const fn new(hundredths: u8) -> Self {
        Self(if hundredths > 100 { 100 } else { hundredths })
    }

    /// The hundredths.
    #[must_use]
    pub const fn hundredths(self) -> u8 {
        self.0
    }

    /// How many whole hundredths `part` is of `whole`, rounded down; none of nothing.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Self {
        let hundredths = (u128::from(part) * 100)
            .checked_div(u128::from(whole))
            .unwrap_or(0);
        Self(u8::try_from(hundredths.min(100)).unwrap_or(100))
    }

    /// Whether `part` is at least this share of `whole`.
    #[must_use]
    pub fn is_reached_by(self, part: u64, whole: u64) -> bool {
        u128::from(part) * 100 >= u128::from(whole) * u128::from(self.0)
    }

    /// The share as a number between 0 and 1.
    #[must_use]
    pub fn as_fraction(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl fmt::Debug for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Percent({self})")
    }
}

/// Why a text is not a [`Percent`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a share: write a whole number from 0 to 100 and a percent sign, for example 80%"
)]
pub struct ParsePercentError(String);

impl FromStr for Percent {
    type Err = ParsePercentError;

    fn from_str(text: &str) -> Result<Self, ParsePercentError> {
        let fail = || ParsePercentError(text.chars().take(40).collect());
        let digits = text.trim().strip_suffix('%').ok_or_else(fail)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(fail());
        }
        match digits.parse() {
            Ok(hundredths @ 0..=100) => Ok(Self(hundredths)),
            Ok(101..) | Err(_) => Err(fail()),
        }
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_share_is_refused() {
        for bad in ["", "%", "80", "-1%", "101%", "0.8", "8 0%", "+5%", "999%"] {
            assert!(bad.parse::<Percent>().is_err(), "{bad}");
        }
        assert_eq!(Percent::of(3, 0), Percent::NONE);
        assert_eq!(Percent::of(u64::MAX, 1), Percent::ALL);
    }

    proptest! {
        #[test]
        fn a_share_is_read_as_it_is_written_and_reached_by_what_it_is_of(
            part in 0u64..1_000, more in 0u64..1_000,
        ) {
            let share = Percent::of(part, part + more);
            prop_assert_eq!(share.to_string().parse::<Percent>().unwrap(), share);
            prop_assert!(share.is_reached_by(part, part + more));
        }
    }
}
