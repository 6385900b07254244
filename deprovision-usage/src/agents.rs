//! Programs that call without being consumers: bots and health checks.

use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;

/// Which programs are bots and which are health checks, by their user agent.
///
/// The lists are replaced by [`Agents::with_bots`] and [`Agents::with_health_checks`];
/// the file `crawler-user-agents.json` of the project of that name
/// (<https://github.com/monperrus/crawler-user-agents>) is read by
/// [`Agents::patterns_from_json`].
///
/// What no list has is a consumer: a bot that does not say what it is, is one.
#[derive(Debug, Clone)]
pub struct Agents {
    bots: RegexSet,
    health_checks: RegexSet,
}

/// What a program is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Consumer,
    Bot,
    HealthCheck,
}

/// Why a list can not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgentsError {
    /// A pattern is no regular expression, or all together are too large.
    #[error("a pattern of the list of {list} can not be used")]
    Pattern {
        /// Which list.
        list: &'static str,
        /// Why, with the pattern.
        #[source]
        source: regex::Error,
    },
    /// The file is no list of patterns.
    #[error(
        "the list of user agents is no JSON array of objects with a \"pattern\"; see crawler-user-agents.json for one"
    )]
    Json(#[source] serde_json::Error),
}

/// How large the compiled patterns of one list may be.
const MAX_COMPILED: usize = 64 << 20;

impl Agents {
    /// The lists that come with the crate.
    ///
    /// # Errors
    /// None that can happen with the lists that come with the crate.
    pub fn new() -> Result<Self, AgentsError> {
        Ok(Self {
            bots: set("bots", lines(include_str!("agents/bots.txt")))?,
            health_checks: set(
                "health checks",
                lines(include_str!("agents/health_checks.txt")),
            )?,
        })
    }

    /// No lists: whoever calls is a consumer.
    #[must_use]
    pub fn none() -> Self {
        Self {
            bots: RegexSet::empty(),
            health_checks: RegexSet::empty(),
        }
    }

    /// Other bots than those of the list: regular expressions that are searched for
    /// anywhere in the user agent, without case.
    ///
    /// # Errors
    /// [`AgentsError::Pattern`] names the pattern that can not be used.
    pub fn with_bots<T: AsRef<str>>(
        mut self,
        patterns: impl IntoIterator<Item = T>,
    ) -> Result<Self, AgentsError> {
        self.bots = set("bots", patterns)?;
        Ok(self)
    }

    /// Other health checks than those of the list.
    ///
    /// # Errors
    /// [`AgentsError::Pattern`] names the pattern that can not be used.
    pub fn with_health_checks<T: AsRef<str>>(
        mut self,
        patterns: impl IntoIterator<Item = T>,
    ) -> Result<Self, AgentsError> {
        self.health_checks = set("health checks", patterns)?;
        Ok(self)
    }

    /// The patterns of a file like `crawler-user-agents.json`.
    ///
    /// # Errors
    /// [`AgentsError::Json`] when it is no such file.
    pub fn patterns_from_json(json: &[u8]) -> Result<Vec<String>, AgentsError> {
        #[derive(Deserialize)]
        struct Agent {
            pattern: String,
        }
        let agents: Vec<Agent> = serde_json::from_slice(json).map_err(AgentsError::Json)?;
        Ok(agents.into_iter().map(|agent| agent.pattern).collect())
    }

    /// What a program is, by its user agent.
    pub(crate) fn kind(&self, agent: &[u8]) -> Kind {
        if self.health_checks.is_match(agent) {
            Kind::HealthCheck
        } else if self.bots.is_match(agent) {
            Kind::Bot
        } else {
            Kind::Consumer
        }
    }
}

fn set<T: AsRef<str>>(
    list: &'static str,
    patterns: impl IntoIterator<Item = T>,
) -> Result<RegexSet, AgentsError> {
    RegexSetBuilder::new(patterns)
        .case_insensitive(true)
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|source| AgentsError::Pattern { list, source })
}

/// The lines of a list, without comments.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_apart() {
        let agents = Agents::new().unwrap();
        for (agent, kind) in [
            (
                "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                Kind::Bot,
            ),
            ("Mozilla/5.0 (compatible; bingbot/2.0)", Kind::Bot),
            ("ELB-HealthChecker/2.0", Kind::HealthCheck),
            ("kube-probe/1.29", Kind::HealthCheck),
            ("GoogleHC/1.0", Kind::HealthCheck),
            ("python-requests/2.31.0", Kind::Consumer),
            ("okhttp/4.12.0", Kind::Consumer),
            ("curl/8.5.0", Kind::Consumer),
            ("", Kind::Consumer),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
                Kind::Consumer,
            ),
        ] {
            assert_eq!(agents.kind(agent.as_bytes()), kind, "{agent}");
        }
    }

    #[test]
    fn lists_can_be_replaced() {
        let json = br#"[{"pattern": "Acme[Bb]ot", "url": "https://example.com"}]"#;
        let bots = Agents::patterns_from_json(json).unwrap();
        let agents = Agents::new().unwrap().with_bots(bots).unwrap();
        assert_eq!(agents.kind(b"acmebot/1"), Kind::Bot);
        assert_eq!(agents.kind(b"Googlebot/2.1"), Kind::Consumer);
        let error = Agents::new().unwrap().with_bots(["("]).unwrap_err();
        assert!(error.to_string().contains("list of bots"), "{error}");
        assert!(Agents::patterns_from_json(b"{}").is_err());
    }
}
