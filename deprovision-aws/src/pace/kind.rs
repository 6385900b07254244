//! What the user of an adapter says about its pace.

/// How many calls an adapter has under way, and how many it makes in a second.
///
/// ```
/// use deprovision_aws::Pace;
/// // For who does not know the limits of the account: careful at first, then as fast
/// // as answers come, and after the first refusal at the rate that AWS allows.
/// let found_out = Pace::adaptive();
/// // For who knows them: 20 calls a second, and up to 100 that were saved up.
/// let known = Pace::at(20.0, 100)?.at_once(8)?;
/// assert_ne!(found_out, known);
/// assert!(Pace::at(0.0, 1).is_err());
/// # Ok::<(), deprovision_aws::PaceError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    pub(super) limit: Limit,
    pub(super) at_once: usize,
    pub(super) tries: u32,
}

/// Where the limit comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Limit {
    /// It is found out.
    Unknown,
    /// A token bucket that the user knows.
    Bucket { per_second: f64, burst: f64 },
}

/// Why something is no pace.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaceError {
    /// A rate is a positive number of calls in a second.
    #[error("a rate must be a positive number of calls in a second")]
    Rate,
    /// At least one call, or one try.
    #[error("at least one must be allowed")]
    None,
}

impl Default for Pace {
    fn default() -> Self {
        Self::adaptive()
    }
}

impl Pace {
    /// Finds out what AWS allows. At most 16 calls are under way at once.
    #[must_use]
    pub fn adaptive() -> Self {
        Self {
            limit: Limit::Unknown,
            at_once: 16,
            tries: 8,
        }
    }

    /// At most `per_second` calls in a second, after `burst` that were saved up.
    ///
    /// # Errors
    /// [`PaceError`] when the rate is not positive, or the burst is 0.
    pub fn at(per_second: f64, burst: u32) -> Result<Self, PaceError> {
        if !per_second.is_finite() || per_second <= 0.0 {
            return Err(PaceError::Rate);
        }
        if burst == 0 {
            return Err(PaceError::None);
        }
        let limit = Limit::Bucket {
            per_second,
            burst: f64::from(burst),
        };
        Ok(Self {
            limit,
            ..Self::adaptive()
        })
    }

    /// The same with another number of calls under way at once (default: 16).
    ///
    /// # Errors
    /// [`PaceError::None`] when that is 0.
    pub fn at_once(self, calls: usize) -> Result<Self, PaceError> {
        if calls == 0 {
            return Err(PaceError::None);
        }
        Ok(Self {
            at_once: calls,
            ..self
        })
    }

    /// The same with another number of times that one call of bulk work is sent when
    /// AWS throttles it (default: 8). Nothing else is ever sent again.
    ///
    /// # Errors
    /// [`PaceError::None`] when that is 0.
    pub fn tries(self, tries: u32) -> Result<Self, PaceError> {
        if tries == 0 {
            return Err(PaceError::None);
        }
        Ok(Self { tries, ..self })
    }
}
