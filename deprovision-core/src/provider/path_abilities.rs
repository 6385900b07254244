//! What an access path can: told when a plan is made, and not weeks later, when a
//! step acts.

use serde::{Deserialize, Serialize};

use crate::provider::PathState;

/// Whether a provider can do something with one access path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::exhaustive_enums,
    reason = "whoever plans has to decide what is done without it"
)]
pub enum Ability {
    /// It can.
    Can,
    /// It can not.
    CanNot {
        /// Why, and what a person can do about it.
        why: String,
    },
}

impl Ability {
    /// That it can not.
    #[must_use]
    pub fn can_not(why: impl Into<String>) -> Self {
        Self::CanNot { why: why.into() }
    }

    /// Why it can not; `None` when it can.
    #[must_use]
    pub fn lack(&self) -> Option<&str> {
        match self {
            Self::Can => None,
            Self::CanNot { why } => Some(why),
        }
    }
}

/// What an access path can. Opening without a notice is nothing to ask for: whoever
/// changes a path can put it back.
///
/// ```
/// use deprovision_core::provider::{Ability, PathAbilities, PathState};
/// use deprovision_core::time::Timestamp;
///
/// let mut abilities = PathAbilities::all();
/// abilities.brown_out = Ability::can_not("nothing ends by itself here");
/// let until = Timestamp::UNIX_EPOCH;
/// let state = PathState::BrownOut { until, notice: None };
/// assert_eq!(abilities.lack(&state), Some("nothing ends by itself here"));
/// assert_eq!(abilities.lack(&PathState::Open { notice: None }), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PathAbilities {
    /// Whether its answers can carry `Deprecation`, `Sunset` and `Link`.
    pub notice: Ability,
    /// Whether it can answer 410 until a moment and then serve again by itself;
    /// with a notice before and after when it can carry one.
    pub brown_out: Ability,
    /// Whether it can answer 410 for good.
    pub close: Ability,
}

impl PathAbilities {
    /// A path that can everything.
    #[must_use]
    pub fn all() -> Self {
        Self {
            notice: Ability::Can,
            brown_out: Ability::Can,
            close: Ability::Can,
        }
    }

    /// Why the path can not be set so; `None` when it can.
    #[must_use]
    pub fn lack(&self, state: &PathState) -> Option<&str> {
        let told = |notice: bool| notice.then(|| self.notice.lack()).flatten();
        match state {
            PathState::Open { notice } => told(notice.is_some()),
            PathState::BrownOut { notice, .. } => {
                self.brown_out.lack().or_else(|| told(notice.is_some()))
            }
            PathState::Closed { .. } => self.close.lack(),
        }
    }
}
