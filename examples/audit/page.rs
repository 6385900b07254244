//! The audit as one standalone HTML page, everything in it escaped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use deprovision_core::audit::{ApiSummary, Audit, Finding, Use};
use deprovision_core::catalog::Severity;
use deprovision_core::digest::Digest;
use minijinja::value::{Serde, Value, ValueKind};
use minijinja::{
    AutoEscape, Environment, Error, Output, State, UndefinedBehavior, context, escape_formatter,
};
use serde::Serialize;

use crate::reading::Read;
use crate::sources::{SourceView, newest_if_old, sources};
use crate::spark::Spark;
use crate::words::{count, day, grouped, lifecycle, minute, printable, verdict};

const TEMPLATE: &str = include_str!("page.html");

/// The style of all pages of this workspace, and what only this one has.
const STYLE: &str = concat!(
    include_str!("../../deprovision-core/src/report/page.css"),
    include_str!("page.css")
);

/// How many APIs, and how many findings, a browser shows without effort. The text and
/// the JSON document have all of them.
const MOST: usize = 2_000;

/// How many columns the picture of an API's requests has.
const COLUMNS: usize = 45;

/// Everything the template is given.
#[derive(Debug, Serialize)]
struct Page {
    as_of: String,
    since: String,
    tone: &'static str,
    verdict: String,
    facts: Vec<(&'static str, String)>,
    old: Option<String>,
    findings: Vec<FindingView>,
    more_findings: usize,
    apis: Vec<ApiView>,
    more_apis: usize,
    width: usize,
    gaps: String,
    unmatched: Option<String>,
    sources: Vec<SourceView>,
}

#[derive(Debug, Serialize)]
struct FindingView {
    severity: String,
    tone: &'static str,
    title: String,
    evidence: Vec<String>,
    coverage: String,
    would_change: String,
    next_step: String,
}

#[derive(Debug, Serialize)]
struct ApiView {
    id: String,
    title: String,
    lifecycle: &'static str,
    owner: Option<String>,
    verdict: &'static str,
    tone: &'static str,
    requests: String,
    machines: Option<String>,
    last_seen: Option<String>,
    callers: String,
    busiest: Option<String>,
    path: String,
    change: Option<String>,
}

/// The page. The same audit gives the same bytes.
pub(crate) fn html(audit: &Audit, read: &Read) -> Result<String, Error> {
    let mut environment = Environment::empty();
    // An empty environment escapes nothing unless it is told to.
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // A misspelt name must fail, not print nothing.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_formatter(plainly);
    environment.add_template("page.html", TEMPLATE)?;
    let style_hash = STANDARD.encode(Digest::of_bytes(STYLE.as_bytes()).as_bytes());
    environment.get_template("page.html")?.render(context! {
        style => Value::from_safe_string(STYLE.to_owned()),
        // Base64 needs no escaping, and the policy would not match with it.
        style_hash => Value::from_safe_string(style_hash),
        ..Value::from(Serde(page(audit, read)))
    })
}

/// Escapes a value for HTML, after naming what would turn or hide text.
fn plainly(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if value.kind() == ValueKind::String && !value.is_safe() => {
            escape_formatter(out, state, &Value::from(printable(text)))
        }
        Some(_) | None => escape_formatter(out, state, value),
    }
}

fn page(audit: &Audit, read: &Read) -> Page {
    let spark = Spark::of(audit, COLUMNS);
    let unmatched = &audit.unmatched;
    let worst = audit.findings.first().map(|finding| finding.severity);
    Page {
        as_of: minute(audit.as_of),
        since: minute(audit.since),
        tone: worst.map_or("good", tone),
        verdict: in_one_sentence(audit),
        facts: facts(audit),
        old: newest_if_old(audit).map(minute),
        findings: audit.findings.iter().take(MOST).map(finding).collect(),
        more_findings: audit.findings.len().saturating_sub(MOST),
        apis: audit
            .apis
            .iter()
            .take(MOST)
            .map(|one| api(one, &spark))
            .collect(),
        more_apis: audit.apis.len().saturating_sub(MOST),
        width: spark.width(),
        gaps: spark.gaps(),
        unmatched: (unmatched.requests > 0).then(|| {
            format!(
                "{} of {} fit no API of the catalog.",
                count(unmatched.requests, "request"),
                count(unmatched.paths, "path")
            )
        }),
        sources: sources(audit, read),
    }
}

fn in_one_sentence(audit: &Audit) -> String {
    if audit.findings.is_empty() {
        return "Nothing was found: every API is in use, has an owner and a place in the catalog."
            .to_owned();
    }
    let grave = audit
        .findings
        .iter()
        .filter(|f| f.severity == Severity::High);
    let found = count(audit.findings.len() as u64, "finding");
    match grave.count() as u64 {
        0 => format!("{found}, none of them grave."),
        number => format!("{found}, {} of them grave.", grouped(number)),
    }
}

fn facts(audit: &Audit) -> Vec<(&'static str, String)> {
    let with = |wanted: Use| {
        let apis = audit.apis.iter().filter(|api| api.verdict == wanted);
        grouped(apis.count() as u64)
    };
    vec![
        ("APIs", grouped(audit.apis.len() as u64)),
        ("In use", with(Use::InUse)),
        ("Idle", with(Use::Idle)),
        ("Never seen", with(Use::NeverSeen)),
        ("Unknown", with(Use::Unknown)),
    ]
}

fn finding(finding: &Finding) -> FindingView {
    FindingView {
        severity: finding.severity.to_string(),
        tone: tone(finding.severity),
        title: finding.title.clone(),
        evidence: finding.evidence.clone(),
        coverage: finding.coverage.clone(),
        would_change: finding.would_change.clone(),
        next_step: finding.next_step.clone(),
    }
}

fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "bad",
        Severity::Medium => "warn",
        // A severity of a later version is shown, and not as grave as it may be.
        Severity::Low | _ => "busy",
    }
}

fn api(api: &ApiSummary, spark: &Spark) -> ApiView {
    let machines = api.bots.saturating_add(api.health_checks);
    let busiest = api.top_callers.iter().take(3).map(|c| c.caller.to_string());
    let busiest: Vec<String> = busiest.collect();
    ApiView {
        id: api.api.to_string(),
        title: api.title.clone(),
        lifecycle: lifecycle(api.lifecycle),
        owner: api.owner.as_ref().map(ToString::to_string),
        verdict: verdict(api.verdict),
        tone: match api.verdict {
            Use::InUse => "good",
            Use::Idle | Use::NeverSeen => "busy",
            Use::Unknown => "warn",
        },
        requests: grouped(api.requests),
        machines: (machines > 0).then(|| format!("{} of machines", grouped(machines))),
        last_seen: api.last_seen.map(day),
        callers: grouped(api.callers),
        busiest: (!busiest.is_empty()).then(|| busiest.join(", ")),
        path: spark.path(api),
        change: api.change.map(|change| format!("{:+}%", change.percent)),
    }
}
