//! Which path a request belongs to, and what it is to be told.

use std::sync::Arc;

use deprovision_core::provider::{PathState, SunsetNotice};
use deprovision_core::resource::AccessPathId;
use deprovision_core::time::Timestamp;
use http::HeaderMap;
use http::uri::Uri;

use crate::announcement::Announcement;
use crate::error::GatewayError;
use crate::notice::InvalidNotice;
use crate::reading;
use crate::refusal::Refusal;
use crate::route::Route;
use crate::state_file::{Entry, States};

/// The routes with how they are set: made anew when the state file changes.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Row>,
    /// Nothing is to be told about any path: no request has to be looked at.
    silent: bool,
    /// How many segments the longest prefix has.
    depth: usize,
}

#[derive(Debug)]
struct Row {
    route: Route,
    state: PathState,
    prepared: Prepared,
}

/// What the path's callers are told, made once.
#[derive(Debug)]
enum Prepared {
    Open(Option<Arc<Announcement>>),
    BrownOut {
        until: Timestamp,
        refusal: Arc<Refusal>,
        afterwards: Option<Arc<Announcement>>,
    },
    Closed(Arc<Refusal>),
}

/// What is done with a request, from the mildest to the strictest.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// Served, and nobody is told anything.
    Serve,
    /// Served, with headers.
    Announce(Arc<Announcement>),
    /// Refused until a moment.
    BrownOut(Timestamp, Arc<Refusal>),
    /// Refused.
    Closed(Arc<Refusal>),
}

/// A route that a request falls under, by one of its prefixes.
#[derive(Clone, Copy)]
struct Match<'a> {
    row: &'a Row,
    depth: usize,
    named_host: bool,
}

impl Table {
    /// Puts routes and states together.
    pub(crate) fn new(routes: &[Route], states: &States) -> Result<Self, GatewayError> {
        let rows = routes
            .iter()
            .map(|route| Row::new(route.clone(), states.paths.get(route.id())))
            .collect::<Result<Vec<_>, _>>()?;
        let silent = rows
            .iter()
            .all(|row| matches!(row.prepared, Prepared::Open(None)));
        let prefixes = routes.iter().flat_map(Route::prefixes);
        let depth = prefixes.map(<[String]>::len).max().unwrap_or(0);
        Ok(Self {
            rows,
            silent,
            depth,
        })
    }

    /// How a declared path is set now; a brown-out that is over is open.
    pub(crate) fn state(&self, id: &AccessPathId, now: Timestamp) -> Option<PathState> {
        let row = self.rows.iter().find(|row| row.route.id() == id)?;
        Some(match &row.state {
            PathState::BrownOut { until, notice } if *until <= now => PathState::Open {
                notice: notice.clone(),
            },
            state @ (PathState::Open { .. }
            | PathState::BrownOut { .. }
            | PathState::Closed { .. }) => state.clone(),
        })
    }

    /// What is done with a request: of all its readings, the strictest.
    pub(crate) fn verdict(&self, uri: &Uri, headers: &HeaderMap, now: Timestamp) -> Verdict {
        if self.silent {
            return Verdict::Serve;
        }
        let hosts = reading::hosts(uri, headers);
        let paths = reading::paths(uri.path(), self.depth);
        let mut strictest = Verdict::Serve;
        let mut consider = |matches: Vec<Match<'_>>| {
            for found in matches {
                let verdict = found.row.verdict(now);
                if verdict.strictness() > strictest.strictness() {
                    strictest = verdict;
                }
            }
        };
        for path in &paths {
            if hosts.is_empty() {
                // Nobody knows which host will be served: every route counts.
                consider(self.matches(None, path));
            }
            for host in &hosts {
                consider(most_specific(&self.matches(Some(host), path)));
            }
        }
        strictest
    }

    fn matches(&self, host: Option<&str>, path: &[String]) -> Vec<Match<'_>> {
        let mut found = Vec::new();
        for row in &self.rows {
            let hosts = row.route.hosts();
            if !hosts.is_empty() && host.is_some_and(|host| !hosts.contains(host)) {
                continue;
            }
            let depths = row
                .route
                .prefixes()
                .filter(|prefix| path.starts_with(prefix));
            if let Some(depth) = depths.map(<[String]>::len).max() {
                found.push(Match {
                    row,
                    depth,
                    named_host: !hosts.is_empty(),
                });
            }
        }
        found
    }
}

/// Without the matches that another one lies inside of.
fn most_specific<'a>(matches: &[Match<'a>]) -> Vec<Match<'a>> {
    let inside = |inner: &Match<'_>, outer: &Match<'_>| {
        inner.depth >= outer.depth
            && inner.named_host >= outer.named_host
            && (inner.depth, inner.named_host) != (outer.depth, outer.named_host)
    };
    matches
        .iter()
        .filter(|outer| !matches.iter().any(|inner| inside(inner, outer)))
        .copied()
        .collect()
}

impl Row {
    fn new(route: Route, entry: Option<&Entry>) -> Result<Self, GatewayError> {
        let state = entry.map_or(PathState::Open { notice: None }, |e| e.state.clone());
        let announced = entry.and_then(|e| e.announced.as_ref());
        let prepared = Prepared::new(&state, announced).map_err(|source| GatewayError::Notice {
            id: route.id().clone(),
            source: Box::new(source),
        })?;
        Ok(Self {
            route,
            state,
            prepared,
        })
    }

    fn verdict(&self, now: Timestamp) -> Verdict {
        let open = |announcement: &Option<Arc<Announcement>>| match announcement {
            Some(announcement) => Verdict::Announce(announcement.clone()),
            None => Verdict::Serve,
        };
        match &self.prepared {
            Prepared::Open(announcement) => open(announcement),
            Prepared::BrownOut {
                until, afterwards, ..
            } if *until <= now => open(afterwards),
            Prepared::BrownOut { until, refusal, .. } => Verdict::BrownOut(*until, refusal.clone()),
            Prepared::Closed(refusal) => Verdict::Closed(refusal.clone()),
        }
    }
}

impl Prepared {
    fn new(state: &PathState, announced: Option<&SunsetNotice>) -> Result<Self, InvalidNotice> {
        // Checked again: the file may have been edited by hand.
        state.check()?;
        announced.map_or(Ok(()), SunsetNotice::check)?;
        let announcement = |notice: Option<&SunsetNotice>| {
            let made = notice.map(Announcement::of_notice).transpose();
            made.map(|made| made.map(Arc::new))
        };
        Ok(match state {
            PathState::Open { notice } => Self::Open(announcement(notice.as_ref())?),
            PathState::BrownOut { until, notice } => Self::BrownOut {
                until: *until,
                refusal: Arc::new(Refusal::browned_out(*until, notice.as_ref())?),
                afterwards: announcement(notice.as_ref())?,
            },
            PathState::Closed { notice } => {
                Self::Closed(Arc::new(Refusal::closed(notice, announced)?))
            }
        })
    }
}

impl Verdict {
    fn strictness(&self) -> (u8, Option<Timestamp>) {
        match self {
            Self::Serve => (0, None),
            Self::Announce(_) => (1, None),
            Self::BrownOut(until, _) => (2, Some(*until)),
            Self::Closed(_) => (3, None),
        }
    }
}
