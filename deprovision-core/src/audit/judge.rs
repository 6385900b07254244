//! The verdict of an audit: that of the sources, and never more than they can tell.

use super::view::{One, View, is_since};
use super::words::count;
use crate::catalog::Api;
use crate::usage::{ApiUse, Verdict, verdict};

/// Whether an API is used, and what to do where that can not be told.
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) way_out: WayOut,
}

/// What makes an unknown known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WayOut {
    /// The logs have to be read again, more of them.
    Logs,
    /// The catalog has to say what the API serves.
    Routes,
    /// The logs were read with another catalog.
    Recount,
    /// A person has to say what the monitor is for.
    Owner,
}

impl WayOut {
    pub(super) fn would_change(self, verdict: &Verdict) -> String {
        match self {
            Self::Logs | Self::Routes | Self::Recount => verdict.would_change(),
            Self::Owner => {
                "any request of a consumer; or no request of a machine either, for long enough"
                    .to_owned()
            }
        }
    }

    pub(super) fn next_step(self, one: &One<'_>, view: &View<'_>) -> String {
        let period = view.policy.idle_after;
        match self {
            Self::Logs => format!(
                "read what is missing: rotated files, other machines, the whole of the last {period}; or set audit.idle_after to what the logs cover"
            ),
            Self::Routes => {
                "write its routes into the catalog, or add its OpenAPI description, and read the logs again"
                    .to_owned()
            }
            Self::Recount => "read the logs again with this catalog".to_owned(),
            Self::Owner => format!(
                "ask {} whether anything but the monitor needs it; if not, stop the monitor and look again after {period}",
                one.owner().unwrap_or("whoever runs the monitor")
            ),
        }
    }
}

/// The verdict of the sources, unless something that they can not know stands
/// against it:
///
/// - Bots and health checks are requests, but no sign that anybody needs the API, and
///   no sign that nobody does.
/// - Requests can not be told to be those of an API whose routes nobody wrote down.
/// - Requests that fit the API and were counted for none say that another catalog was
///   used to count.
pub(super) fn judge(view: &View<'_>, api: &Api, usage: &ApiUse) -> Judgement {
    let sources = view.asked.evidence(api);
    let rule = view.policy.verdict_rule();
    let said = verdict(api, &sources, &rule, view.now);
    match said {
        Verdict::InUse { .. } => match machines(view, usage) {
            Some(why) => unknown(why, &said, WayOut::Owner),
            None => Judgement {
                verdict: said,
                way_out: WayOut::Logs,
            },
        },
        Verdict::Idle { .. } | Verdict::NeverSeen { .. } | Verdict::Unknown { .. } => {
            silent(view, api, said)
        }
    }
}

/// What stands against calling an API unused of which no recent request was counted.
fn silent(view: &View<'_>, api: &Api, said: Verdict) -> Judgement {
    if view.sources.is_empty() {
        // The verdict says so in the words of one API; so all are told together.
        return Judgement {
            verdict: Verdict::Unknown {
                why: vec!["no log was read at all".to_owned()],
                evidence: Vec::new(),
            },
            way_out: WayOut::Logs,
        };
    }
    if api.routes.is_empty() {
        let why = "the catalog names no route of it, so its requests can not be told from others";
        return unknown(why.to_owned(), &said, WayOut::Routes);
    }
    if let Some(requests) = view.hidden.get(&api.id) {
        let why = format!(
            "{} fit its routes and were counted for no API, so the logs were read with another catalog",
            count(*requests, "request")
        );
        return unknown(why, &said, WayOut::Recount);
    }
    Judgement {
        verdict: said,
        way_out: WayOut::Logs,
    }
}

/// Why machines that call say nothing, where nobody else called.
fn machines(view: &View<'_>, usage: &ApiUse) -> Option<String> {
    let total = &usage.total;
    if is_since(&total.consumers, view.since)
        || (total.bots.is_empty() && total.health_checks.is_empty())
    {
        return None;
    }
    let who = match (total.health_checks.is_empty(), total.bots.is_empty()) {
        (false, true) => "health checks",
        (true, false) => "bots",
        (false, false) | (true, true) => "health checks and bots",
    };
    let malformed = match total.malformed {
        0 => String::new(),
        lines => format!(
            ", and {} of it hold no caller",
            count(lines, "malformed line")
        ),
    };
    Some(format!(
        "only {who} are seen to call it, which does not say whether anybody needs it{malformed}"
    ))
}

/// Unknown for this reason, and for those that the sources gave.
fn unknown(why: String, said: &Verdict, way_out: WayOut) -> Judgement {
    let mut all = vec![why];
    match said {
        Verdict::Unknown { why, .. } => all.extend(why.iter().cloned()),
        Verdict::InUse { .. } | Verdict::Idle { .. } | Verdict::NeverSeen { .. } => {}
    }
    Judgement {
        verdict: Verdict::Unknown {
            why: all,
            evidence: said.evidence().to_vec(),
        },
        way_out,
    }
}
