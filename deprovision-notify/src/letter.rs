//! All that one person is told at one stage.

use std::collections::BTreeSet;

use deprovision_core::catalog::Contact;
use deprovision_core::digest::Digest;
use deprovision_core::provider::{Notice, NoticeStage};

use crate::file_name::key;

/// All that one person is told at one stage, of one API or of many: one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    key: String,
    stage: NoticeStage,
    to: Contact,
    notices: Vec<Notice>,
}

/// Why notices are no letter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LetterError {
    /// There is nothing to say.
    #[error("a letter needs a notice")]
    Empty,
    /// The notices are for two people or of two stages.
    #[error("{0} and {1} are for two people or of two stages: write two letters")]
    Mixed(String, String),
}

impl Letter {
    /// The letter with these notices: each once, in the order of their ids.
    ///
    /// # Errors
    /// [`LetterError`] when there is none, or when they are not all for the same address
    /// and of the same stage.
    pub fn of(mut notices: Vec<Notice>) -> Result<Self, LetterError> {
        notices.sort_by(|a, b| a.id.cmp(&b.id));
        notices.dedup_by(|a, b| a.id == b.id);
        let first = notices.first().ok_or(LetterError::Empty)?;
        let (to, stage) = (first.to.clone(), first.stage);
        let other = notices
            .iter()
            .find(|n| n.to.email != to.email || n.stage != stage);
        if let Some(other) = other {
            return Err(LetterError::Mixed(
                first.id.to_string(),
                other.id.to_string(),
            ));
        }
        let key = match notices.as_slice() {
            [one] => key(&one.id),
            all => {
                let ids: Vec<String> = all.iter().map(|notice| key(&notice.id)).collect();
                let digest = Digest::of_bytes(ids.join("\n").as_bytes()).to_hex();
                format!("letter-{}", digest.get(..32).unwrap_or(&digest))
            }
        };
        Ok(Self {
            key,
            stage,
            to,
            notices,
        })
    }

    /// Its identity, of letters, digits and hyphens: the same notices have the same.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// At which stage.
    #[must_use]
    pub fn stage(&self) -> NoticeStage {
        self.stage
    }

    /// To whom.
    #[must_use]
    pub fn to(&self) -> &Contact {
        &self.to
    }

    /// What there is to say, by API; at least one.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The retirements that it is about.
    #[must_use]
    pub fn threads(&self) -> BTreeSet<String> {
        let retirements = self
            .notices
            .iter()
            .filter_map(|n| n.facts.retirement.as_ref());
        retirements.map(ToString::to_string).collect()
    }
}
