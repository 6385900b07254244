//! The command that judges, and what it is given.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

/// How long a judge may take, when nothing else is said.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// What of the caller's environment every judge gets: where programs are, and how
/// text and time are shown.
const PASSED: &[&str] = &["PATH", "LANG", "LC_ALL", "TZ", "SystemRoot"];

/// A command that has to accept a removal before it is proposed: a build, tests.
///
/// # Behaviour
/// - It runs in a fresh copy of the default version with the change, made for it and
///   thrown away afterwards: never in anybody's working copy. The copy has no `.git`,
///   no contents of submodules, and no link that leaves it. Files of Git LFS are what
///   Git itself holds: pointers.
/// - Exit code 0 accepts. Anything else is looked at twice: the command runs again
///   without the change. Only when it accepts that, the change is at fault; otherwise
///   nothing is known. Either way nothing is proposed, and the outcome has the end of
///   what the command wrote.
/// - After the time limit it is killed, with the processes that it started; those that
///   it left behind when it ended are killed too. On Linux that includes processes that
///   made themselves independent (a build daemon), unless they also cleared their
///   environment; on other systems only those of its
///   process group, on Windows only itself.
/// - Of what it writes, the last 16 KiB are kept.
/// - Of the caller's environment it sees `PATH`, `LANG`, `LC_ALL`, `TZ` and, on
///   Windows, `SystemRoot`, and what [`passing`](Self::passing) names. `HOME`,
///   `TMPDIR`, `TEMP` and `TMP` are empty directories of its own, and
///   `DEPROVISION_JUDGE` tells it that it judges. Files and the network are not closed
///   to it: whoever can change the repository can run programs as this user. Judge
///   only repositories that you would build here.
///
/// The command itself stands in the message of the change: no secrets in its arguments.
///
/// ```
/// use deprovision_code::Judge;
/// use std::time::Duration;
///
/// let judge = Judge::new("cargo")
///     .arguments(["test", "--offline", "--quiet"])
///     .within(Duration::from_secs(240))
///     .passing("CARGO_HOME")
///     .passing("RUSTUP_HOME");
/// assert_eq!(judge.to_string(), "cargo test --offline --quiet");
/// ```
#[derive(Clone)]
pub struct Judge {
    pub(crate) program: OsString,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) time_limit: Duration,
    pub(crate) passed: BTreeSet<OsString>,
    pub(crate) set: BTreeMap<OsString, OsString>,
}

impl Judge {
    /// A program, found by `PATH` or by its path (a relative one: from the root of the
    /// repository), with 300 s.
    #[must_use]
    pub fn new(program: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            time_limit: TIME_LIMIT,
            passed: PASSED.iter().map(OsString::from).collect(),
            set: BTreeMap::new(),
        }
    }

    /// Its arguments, after those it has.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// How long it may take. A step of a retirement has less time when its call ends
    /// sooner (`call_timeout`, 10 min for this step in the standard pipeline).
    #[must_use]
    pub fn within(mut self, time_limit: Duration) -> Self {
        self.time_limit = time_limit;
        self
    }

    /// A variable of the caller's environment that it sees too, when it is set.
    #[must_use]
    pub fn passing(mut self, variable: impl Into<OsString>) -> Self {
        self.passed.insert(variable.into());
        self
    }

    /// A variable with a value of its own.
    #[must_use]
    pub fn setting(mut self, variable: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.set.insert(variable.into(), value.into());
        self
    }
}

impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        for (index, word) in words.enumerate() {
            let word = word.to_string_lossy();
            let space = if index == 0 { "" } else { " " };
            if word.is_empty() || word.contains(|c: char| c.is_whitespace() || c.is_control()) {
                write!(f, "{space}{word:?}")?;
            } else {
                write!(f, "{space}{word}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Judge {
    /// Without the values of variables.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge")
            .field("command", &self.to_string())
            .field("time_limit", &self.time_limit)
            .field("passed", &self.passed)
            .field("set", &self.set.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i_20_the_values_of_variables_are_not_shown() {
        let judge = Judge::new("a")
            .arguments(["b c", ""])
            .setting("TOKEN", "hunter2");
        let shown = format!("{judge} {judge:?}");
        assert!(
            !shown.contains("hunter2") && shown.contains("TOKEN"),
            "{shown}"
        );
        assert_eq!(judge.to_string(), "a \"b c\" \"\"");
    }
}
