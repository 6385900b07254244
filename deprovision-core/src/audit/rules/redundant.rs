//! Two APIs that do one job.

use crate::audit::view::View;
use crate::audit::words::{count, some_of};
use crate::audit::{
    Finding, FindingKind, Identical, Overlap, Similar, SimilarityRule, Subject, similar,
};
use crate::catalog::{Lifecycle, Severity};
use crate::id::ApiId;

pub(in crate::audit) fn find(view: &View<'_>) -> Vec<Finding> {
    let policy = &view.policy.similar;
    let operations = policy.operations.hundredths();
    let rule = SimilarityRule::new(operations, policy.schemas.hundredths())
        .and_then(|rule| {
            rule.with_min_operations(usize::try_from(policy.min_operations).unwrap_or(usize::MAX))
        })
        // A policy that was read has no such threshold, and one made by hand is
        // taken for the default where it makes no sense.
        .unwrap_or_default();
    let found = similar(view.catalog, &rule);
    let groups = found.identical.iter().filter_map(|group| same(view, group));
    let pairs = found.similar.iter().filter_map(|pair| alike(view, pair));
    groups.chain(pairs).collect()
}

/// APIs with the same operations.
fn same(view: &View<'_>, group: &Identical) -> Option<Finding> {
    let apis: Vec<ApiId> = group
        .apis
        .iter()
        .filter(|id| is_alive(view, id))
        .cloned()
        .collect();
    if group.version_of || apis.len() < 2 {
        return None;
    }
    let names: Vec<String> = apis.iter().map(ToString::to_string).collect();
    let mut finding = view.finding(
        FindingKind::Redundant,
        Subject::Apis(apis.clone()),
        Severity::Medium,
        format!(
            "{} have the same {}",
            some_of(&names),
            count(group.operations as u64, "operation")
        ),
    );
    finding.evidence.push(if group.fields_known {
        "their requests and answers have the same fields".to_owned()
    } else {
        "what their requests and answers hold is not known".to_owned()
    });
    finish(view, &mut finding, &apis, &group.examples);
    Some(finding)
}

/// Two APIs with nearly the same operations.
fn alike(view: &View<'_>, pair: &Similar) -> Option<Finding> {
    if pair.version_of || !is_alive(view, &pair.a) || !is_alive(view, &pair.b) {
        return None;
    }
    let apis = vec![pair.a.clone(), pair.b.clone()];
    let share = |overlap: &Overlap| format!("{}%", overlap.percent());
    let mut finding = view.finding(
        FindingKind::Redundant,
        Subject::Apis(apis.clone()),
        Severity::Low,
        format!(
            "{} and {} do one job: they share {} of their operations",
            pair.a,
            pair.b,
            share(&pair.operations)
        ),
    );
    finding.evidence.push(format!(
        "{} in both, {} only in {}, {} only in {}",
        count(u64::from(pair.operations.shared), "operation"),
        pair.operations.a_only,
        pair.a,
        pair.operations.b_only,
        pair.b
    ));
    finding.evidence.push(match &pair.fields {
        Some(fields) => format!(
            "{} of the fields of their requests and answers",
            share(fields)
        ),
        None => "what their requests and answers hold is not known".to_owned(),
    });
    finish(view, &mut finding, &apis, &pair.shared);
    Some(finding)
}

fn finish(view: &View<'_>, finding: &mut Finding, apis: &[ApiId], examples: &[String]) {
    if !examples.is_empty() {
        finding
            .evidence
            .push(format!("for example {}", some_of(examples)));
    }
    for id in apis.iter().take(MOST) {
        let usage = view.report.api(id);
        finding.evidence.push(format!(
            "{id}: {}",
            count(usage.total.consumers.requests, "counted request")
        ));
    }
    finding.coverage =
        "compared by the operations that the catalog describes, not by what they answer".to_owned();
    finding.would_change =
        "one of them named as the successor of the other, or descriptions that differ".to_owned();
    finding.next_step =
        "let their owners choose the one to keep, and name it as the successor of the others in the catalog"
            .to_owned();
}

/// Of how many APIs of a group the requests are told.
const MOST: usize = 5;

/// Whether an API is there and not retired: what is gone is no copy.
fn is_alive(view: &View<'_>, id: &ApiId) -> bool {
    view.catalog
        .apis
        .get(id)
        .is_some_and(|api| match api.lifecycle {
            Lifecycle::Retired => false,
            Lifecycle::Experimental | Lifecycle::Production | Lifecycle::Deprecated => true,
        })
}
