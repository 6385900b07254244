//! The audit for people at a terminal, in a hundred columns.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use deprovision_core::audit::{ApiSummary, Audit, Finding, Use};
use deprovision_core::catalog::Severity;

use crate::reading::Read;
use crate::sources::{SourceView, newest_if_old, sources};
use crate::spark::Spark;
use crate::words::{count, cut, day, grouped, minute, printable, verdict, wrapped};

const WIDTH: usize = 100;

/// How wide the picture of an API's requests is.
const TREND: usize = 18;

/// Colours, where they are wanted.
#[derive(Debug)]
pub(crate) struct Paint {
    coloured: bool,
}

impl Paint {
    /// Colours on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
    pub(crate) fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            coloured: std::io::stdout().is_terminal() && !unwanted && !is_dumb,
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.coloured {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    fn head(&self, text: &str) -> String {
        self.paint("1", text)
    }

    fn severity(&self, severity: Severity, text: &str) -> String {
        match severity {
            Severity::High => self.paint("1;31", text),
            Severity::Medium => self.paint("33", text),
            Severity::Low | _ => self.paint("36", text),
        }
    }

    fn verdict(&self, verdict: Use, text: &str) -> String {
        match verdict {
            Use::InUse => self.paint("32", text),
            Use::Idle | Use::NeverSeen => self.paint("36", text),
            Use::Unknown => self.paint("33", text),
        }
    }
}

/// All of it.
pub(crate) fn text(audit: &Audit, read: &Read, paint: &Paint) -> String {
    let mut out = String::new();
    section(&mut out, paint, "What was read");
    for source in sources(audit, read) {
        tell_source(&mut out, paint, &source);
    }
    for left_out in &read.left_out {
        let said = format!(
            "{} was left out: its lines are in {}",
            left_out.packed.display(),
            left_out.same_as.display()
        );
        out.push_str(&wrapped(&printable(&said), "  ", "    ", WIDTH));
    }
    if let Some(newest) = newest_if_old(audit) {
        let said = format!(
            "The newest line is of {} UTC, long before {} UTC. For old logs, say which moment the audit is of: --as-of {newest}",
            minute(newest),
            minute(audit.as_of)
        );
        out.push_str(&wrapped(&said, "  ", "  ", WIDTH));
    }
    section(
        &mut out,
        paint,
        &format!(
            "{} from {} to {} (UTC)",
            count(audit.apis.len() as u64, "API"),
            minute(audit.since),
            minute(audit.as_of)
        ),
    );
    table(&mut out, paint, audit);
    section(
        &mut out,
        paint,
        &match audit.findings.len() {
            0 => "No findings".to_owned(),
            number => format!("{}, the gravest first", count(number as u64, "finding")),
        },
    );
    for finding in &audit.findings {
        tell_finding(&mut out, paint, finding);
    }
    out
}

fn section(out: &mut String, paint: &Paint, title: &str) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(&paint.head(&format!("== {title}")));
    out.push('\n');
}

fn tell_source(out: &mut String, paint: &Paint, source: &SourceView) {
    let state = if source.complete {
        paint.paint("32", "complete")
    } else {
        paint.paint("33", "incomplete")
    };
    let name = printable(&source.name);
    // Writing to a String does not fail.
    let _ = writeln!(out, "  {}: {state}, {}", paint.head(&name), source.lines);
    for (title, facts) in [
        ("format", &source.formats),
        ("covered", &source.covered),
        ("gap", &source.gaps),
        ("malformed", &source.samples),
        ("missing", &source.missing),
    ] {
        for fact in facts {
            let first = format!("    {title:<11}");
            out.push_str(&wrapped(&printable(fact), &first, &" ".repeat(15), WIDTH));
        }
    }
}

fn table(out: &mut String, paint: &Paint, audit: &Audit) {
    let spark = Spark::of(audit, TREND);
    let head = format!(
        "  {:<28} {:<10} {:>13}  {:<10}  {:>7}  {:<TREND$} {:>5}",
        "API", "verdict", "requests", "last seen", "callers", "trend", ""
    );
    out.push_str(&paint.paint("2", head.trim_end()));
    out.push('\n');
    for api in &audit.apis {
        out.push_str(row(paint, &spark, api).trim_end());
        out.push('\n');
    }
    let unmatched = &audit.unmatched;
    if unmatched.requests > 0 {
        let said = format!(
            "{} of {} fit no API of the catalog",
            count(unmatched.requests, "request"),
            count(unmatched.paths, "path")
        );
        out.push_str(&wrapped(&said, "  ", "  ", WIDTH));
    }
}

fn row(paint: &Paint, spark: &Spark, api: &ApiSummary) -> String {
    let used = format!("{:<10}", verdict(api.verdict));
    let last = api.last_seen.map_or_else(|| "-".to_owned(), day);
    let change = match &api.change {
        Some(change) => format!("{:+}%", change.percent),
        None => String::new(),
    };
    format!(
        "  {:<28} {} {:>13}  {last:<10}  {:>7}  {} {change:>5}",
        cut(&printable(api.api.as_str()), 28),
        paint.verdict(api.verdict, &used),
        grouped(api.requests),
        grouped(api.callers),
        spark.blocks(api),
    )
}

fn tell_finding(out: &mut String, paint: &Paint, finding: &Finding) {
    let tag = format!("[{}]", finding.severity);
    let text = wrapped(
        &printable(&finding.title),
        &format!("  {tag} "),
        "    ",
        WIDTH,
    );
    // Painted after wrapping, which counts what is seen.
    out.push_str(&text.replacen(&tag, &paint.severity(finding.severity, &tag), 1));
    for fact in &finding.evidence {
        out.push_str(&wrapped(&printable(fact), "      - ", "        ", WIDTH));
    }
    for (title, text) in [
        ("coverage", &finding.coverage),
        ("would change", &finding.would_change),
        ("next", &finding.next_step),
    ] {
        let first = format!("      {title}: ");
        out.push_str(&wrapped(&printable(text), &first, "        ", WIDTH));
    }
    out.push('\n');
}
