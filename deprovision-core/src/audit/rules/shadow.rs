//! It answers, and no catalog knows it.

use std::collections::BTreeMap;

use crate::audit::view::View;
use crate::audit::words::{answers, count, grouped, minute, some_of};
use crate::audit::{Finding, FindingKind, Subject, UnmatchedSummary};
use crate::catalog::Severity;
use crate::usage::{Traffic, Unmatched};

/// As many paths of one beginning are told one by one.
const APART: usize = 3;

/// As many findings are told; what is left is told in one more.
const MOST: usize = 100;

/// What a path is, by how it was answered and whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    /// Consumers write to it, and some were answered with success.
    Writes,
    /// Some requests of consumers were answered, in whatever way.
    Answers,
    /// Only bots and health checks ask for it.
    Machines,
    /// Every request was refused (4xx): most probably somebody tries addresses.
    Refused,
}

impl Sort {
    fn of(paths: &Unmatched, all: &Traffic) -> Self {
        const WRITING: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];
        let writes = || paths.methods.keys().any(|m| WRITING.contains(&m.as_str()));
        if all.statuses.client_error == all.requests {
            Self::Refused
        } else if paths.demand.consumers.is_empty() {
            Self::Machines
        } else if all.statuses.success > 0 && writes() {
            Self::Writes
        } else {
            Self::Answers
        }
    }

    fn severity(self) -> Severity {
        match self {
            Self::Writes => Severity::High,
            Self::Answers => Severity::Medium,
            Self::Machines | Self::Refused => Severity::Low,
        }
    }
}

/// A path with the requests of everybody.
struct Path<'a> {
    paths: &'a Unmatched,
    all: Traffic,
}

/// The findings, and what was left out of them.
pub(in crate::audit) fn find(view: &View<'_>) -> (Vec<Finding>, UnmatchedSummary) {
    let mut summary = UnmatchedSummary::default();
    let mut groups: BTreeMap<(Sort, Option<&str>, String), Vec<Path<'_>>> = BTreeMap::new();
    for paths in &view.unmatched {
        let all = everybody(paths);
        summary.paths += 1;
        summary.requests = summary.requests.saturating_add(all.requests);
        if all.requests < view.policy.shadow.min_requests {
            summary.below_threshold += 1;
            continue;
        }
        let sort = Sort::of(paths, &all);
        let start = match sort {
            // Whoever tries addresses tries many beginnings.
            Sort::Refused => String::new(),
            Sort::Writes | Sort::Answers | Sort::Machines => beginning(&paths.template),
        };
        let key = (sort, paths.host.as_deref(), start);
        groups.entry(key).or_default().push(Path { paths, all });
    }
    let mut told: Vec<(Sort, u64, Finding)> = Vec::new();
    for ((sort, host, start), mut paths) in groups {
        paths.sort_by(|a, b| {
            let by_requests = b.all.requests.cmp(&a.all.requests);
            by_requests.then_with(|| a.paths.template.cmp(&b.paths.template))
        });
        if paths.len() <= APART && sort != Sort::Refused {
            for path in &paths {
                let finding = finding(view, sort, host, None, std::slice::from_ref(path));
                told.push((sort, path.all.requests, finding));
            }
        } else {
            let requests = paths.iter().map(|path| path.all.requests);
            let requests = requests.fold(0, u64::saturating_add);
            told.push((
                sort,
                requests,
                finding(view, sort, host, Some(&start), &paths),
            ));
        }
    }
    told.sort_by_key(|(sort, requests, _)| (*sort, std::cmp::Reverse(*requests)));
    let rest = told.split_off(told.len().min(MOST));
    let mut findings: Vec<Finding> = told.into_iter().map(|(_, _, finding)| finding).collect();
    findings.extend(more(view, rest));
    (findings, summary)
}

fn finding(
    view: &View<'_>,
    sort: Sort,
    host: Option<&str>,
    start: Option<&str>,
    paths: &[Path<'_>],
) -> Finding {
    let mut all = Traffic::default();
    let mut methods: BTreeMap<&str, u64> = BTreeMap::new();
    let mut callers = std::collections::BTreeSet::new();
    for path in paths {
        all.merge(&path.all);
        for (method, requests) in &path.paths.methods {
            let sum = methods.entry(method).or_default();
            *sum = sum.saturating_add(*requests);
        }
        callers.extend(&path.paths.callers);
    }
    let on = host.unwrap_or("a host that the log does not name");
    let what = match (start, paths) {
        (None, [path]) => format!("{} on {on}", path.paths.template),
        (Some(""), _) | (None, _) => {
            format!("{} on {on}", count(paths.len() as u64, "path"))
        }
        (Some(start), _) => {
            format!(
                "{} below {start} on {on}",
                count(paths.len() as u64, "path")
            )
        }
    };
    let title = match sort {
        Sort::Writes => format!("{what}: consumers write to it, and no API of the catalog has it"),
        Sort::Answers => format!("{what}: consumers call it, and no API of the catalog has it"),
        Sort::Machines => format!("{what}: machines call it, and no API of the catalog has it"),
        Sort::Refused => format!("{what}: refused each time, and in no API of the catalog"),
    };
    let subject = Subject::Paths {
        host: host.map(str::to_owned),
        templates: paths
            .iter()
            .map(|path| path.paths.template.clone())
            .collect(),
    };
    let mut finding = view.finding(FindingKind::Shadow, subject, sort.severity(), title);
    let evidence = &mut finding.evidence;
    if paths.len() > 1 {
        let each = paths.iter().map(|path| {
            format!(
                "{} ({})",
                path.paths.template,
                count(path.all.requests, "request")
            )
        });
        evidence.push(some_of(each));
    }
    let methods = methods
        .iter()
        .map(|(method, requests)| format!("{} {method}", grouped(*requests)));
    evidence.push(format!(
        "{} ({}), answers: {}",
        count(all.requests, "request"),
        some_of(methods),
        answers(&all)
    ));
    if let (Some(first), Some(last)) = (all.first_seen, all.last_seen) {
        evidence.push(format!("from {} to {}", minute(first), minute(last)));
    }
    if !callers.is_empty() {
        evidence.push(format!("callers, for example: {}", some_of(callers)));
    }
    finding.would_change = match sort {
        Sort::Writes | Sort::Answers | Sort::Machines => {
            "a route of an API in the catalog that has this path".to_owned()
        }
        Sort::Refused => "an answer other than 4xx; a 401 is not told from a 404 here".to_owned(),
    };
    finding.next_step = match sort {
        Sort::Writes | Sort::Answers => {
            "find the service behind it, and write it into the catalog with an owner, or close it"
        }
        Sort::Machines => {
            "find out what the machines look for: a service that the catalog misses, or nothing"
        }
        Sort::Refused => {
            "nothing, if these are scans; if a caller is one of yours, it looks for something that was moved"
        }
    }
    .to_owned();
    finding
}

/// What is beyond the findings that are told one by one.
fn more(view: &View<'_>, rest: Vec<(Sort, u64, Finding)>) -> Option<Finding> {
    let worst = rest.iter().map(|(sort, _, _)| *sort).min()?;
    let requests = rest.iter().map(|(_, requests, _)| *requests);
    let requests = requests.fold(0, u64::saturating_add);
    let mut templates = Vec::new();
    let mut names = Vec::new();
    for (_, _, finding) in rest {
        if let Subject::Paths {
            host,
            templates: some,
        } = finding.subject
        {
            let host = host.unwrap_or_default();
            names.extend(some.iter().map(|template| format!("{host}{template}")));
            templates.extend(some);
        }
    }
    let title = format!(
        "and {} that no API of the catalog has",
        count(templates.len() as u64, "more path")
    );
    let subject = Subject::Paths {
        host: None,
        templates,
    };
    let mut finding = view.finding(FindingKind::Shadow, subject, worst.severity(), title);
    finding.evidence.push(format!(
        "{}: {}",
        count(requests, "request"),
        some_of(names)
    ));
    finding.would_change = "routes of APIs in the catalog that have these paths".to_owned();
    finding.next_step =
        "write what is told one by one into the catalog first, and audit again".to_owned();
    Some(finding)
}

/// The requests of everybody for a path.
fn everybody(paths: &Unmatched) -> Traffic {
    let mut all = paths.demand.consumers.clone();
    all.merge(&paths.demand.bots);
    all.merge(&paths.demand.health_checks);
    all
}

/// What paths that belong together begin with: everything up to the first word that is
/// neither a version nor `api`.
fn beginning(template: &str) -> String {
    let mut start = String::new();
    for segment in template.split('/').filter(|segment| !segment.is_empty()) {
        start.push('/');
        start.push_str(segment);
        let digits = segment.trim_start_matches(['v', 'V']);
        let is_version =
            !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        if !is_version && !segment.eq_ignore_ascii_case("api") {
            break;
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_belong_together_by_their_first_word() {
        for (template, start) in [
            ("/v1/orders/{}", "/v1/orders"),
            ("/api/v2/orders", "/api/v2/orders"),
            ("/orders/v1", "/orders"),
            ("/{}/x", "/{}"),
            ("/", ""),
            ("/**", "/**"),
        ] {
            assert_eq!(beginning(template), start);
        }
    }
}
