//! How references are removed: rules, hooks, and who judges the result.

use std::sync::Arc;

use crate::removal::book::compile;
use crate::removal::{Judge, RemovalHook, RemovalRule};

/// How references are removed, beside what follows from the two APIs.
///
/// ```
/// use deprovision_code::{Judge, RemovalRule, RemovalSettings};
/// use std::time::Duration;
///
/// let settings = RemovalSettings::new()
///     .with_rules([
///         RemovalRule::DeleteLine {
///             files: "deploy/**/*.conf".into(),
///             line: r"\s*proxy_pass .*;".into(),
///         },
///         RemovalRule::MarkCalls,
///     ])?
///     .judged_by(
///         Judge::new("cargo")
///             .arguments(["test", "--offline"])
///             .within(Duration::from_secs(300))
///             .passing("CARGO_HOME"),
///     );
/// # let _ = settings;
/// # Ok::<(), deprovision_code::RuleError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct RemovalSettings {
    pub(crate) rules: Vec<RemovalRule>,
    pub(crate) hooks: Vec<Arc<dyn RemovalHook>>,
    pub(crate) judge: Option<Judge>,
}

/// A rule can not be used.
#[derive(Debug, thiserror::Error)]
#[error("the rule {rule} can not be used: {why}")]
pub struct RuleError {
    pub(crate) rule: String,
    pub(crate) why: String,
}

impl RemovalSettings {
    /// What follows from the two APIs, and nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// More rules. For one line the first that fits counts: rules about lines in this
    /// order, then settings, replacements and calls.
    ///
    /// # Errors
    /// [`RuleError`] when a pattern or a regular expression is none.
    pub fn with_rules(
        mut self,
        rules: impl IntoIterator<Item = RemovalRule>,
    ) -> Result<Self, RuleError> {
        for rule in rules {
            compile(&rule)?;
            self.rules.push(rule);
        }
        Ok(self)
    }

    /// A program's own edits, before the rules.
    #[must_use]
    pub fn with_hook(mut self, hook: Arc<dyn RemovalHook>) -> Self {
        self.hooks.push(hook);
        self
    }

    /// A command that has to accept the change before it is proposed.
    #[must_use]
    pub fn judged_by(mut self, judge: Judge) -> Self {
        self.judge = Some(judge);
        self
    }
}
