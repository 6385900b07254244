//! From when on two APIs do one job.

/// From when on two APIs do one job.
///
/// # What can be missed
/// A pair whose similarity is exactly [`operations`](Self::operations) is missed with a
/// probability of at most one in a million, and the more similar a pair is, the less;
/// pairs that differ in nothing are never missed. The sketch is made from the names
/// alone, so a pair that is found once is found always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimilarityRule {
    operations: u8,
    fields: u8,
    min_operations: usize,
    most: usize,
}

/// Why a rule can not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {found}, and must be {allowed}")]
pub struct SimilarityRuleError {
    field: &'static str,
    found: u64,
    allowed: &'static str,
}

/// By default 70 percent of the operations, half of the fields where both are known,
/// from three operations on, and the five most similar of each.
///
/// Of the 2,577 public descriptions that the benchmark reads, this finds 83 pairs, of
/// which 45 are versions and nearly all others the same API under two names, copies
/// and mirrors; a handful are different things under common names (`GET /{}`). Below
/// three operations, common names are all there is.
impl Default for SimilarityRule {
    fn default() -> Self {
        Self {
            operations: 70,
            fields: 50,
            min_operations: 3,
            most: 5,
        }
    }
}

impl SimilarityRule {
    /// The default with other thresholds: the percentage of their operations, taken
    /// together, that two APIs must share, and that of their fields, where both are
    /// known.
    ///
    /// # Errors
    /// [`SimilarityRuleError`] unless `operations` is from 50 to 100 and `fields` from
    /// 0 (the fields do not matter) to 100.
    pub fn new(operations: u8, fields: u8) -> Result<Self, SimilarityRuleError> {
        if !(50..=100).contains(&operations) {
            return Err(SimilarityRuleError {
                field: "operations",
                found: operations.into(),
                allowed: "from 50 to 100 percent: below, one pair in a million is missed, or all are compared",
            });
        }
        if fields > 100 {
            return Err(SimilarityRuleError {
                field: "fields",
                found: fields.into(),
                allowed: "from 0 to 100 percent",
            });
        }
        Ok(Self {
            operations,
            fields,
            ..Self::default()
        })
    }

    /// The same for APIs with at least that many operations; smaller ones are counted
    /// and not compared.
    ///
    /// # Errors
    /// [`SimilarityRuleError`] when it is 0.
    pub fn with_min_operations(self, min_operations: usize) -> Result<Self, SimilarityRuleError> {
        if min_operations == 0 {
            return Err(SimilarityRuleError {
                field: "min_operations",
                found: 0,
                allowed: "at least 1",
            });
        }
        Ok(Self {
            min_operations,
            ..self
        })
    }

    /// The same, reporting for each API that many others; a pair is reported when it
    /// is among those of either.
    ///
    /// # Errors
    /// [`SimilarityRuleError`] unless it is from 1 to 1000.
    pub fn with_most(self, most: usize) -> Result<Self, SimilarityRuleError> {
        if !(1..=1_000).contains(&most) {
            return Err(SimilarityRuleError {
                field: "most",
                found: u64::try_from(most).unwrap_or(u64::MAX),
                allowed: "from 1 to 1000",
            });
        }
        Ok(Self { most, ..self })
    }

    /// The percentage of the operations that must be shared.
    #[must_use]
    pub fn operations(&self) -> u8 {
        self.operations
    }

    /// The percentage of the fields that must be shared, where both are known.
    #[must_use]
    pub fn fields(&self) -> u8 {
        self.fields
    }

    /// From how many operations on an API is compared.
    #[must_use]
    pub fn min_operations(&self) -> usize {
        self.min_operations
    }

    /// How many others are reported for each.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most
    }
}
