//! The whole audit of a company, as people read it.

use deprovision_core::audit::{Audit, FindingKind, with_callers};
use deprovision_core::catalog::{Catalog, Contact, Directory, Lifecycle, Severity, Source};
use deprovision_core::policy::Policy;
use deprovision_core::time::Period;

use super::world::{By, DAYS, Log, ago, api, audit_of, id, kinds, now, only, report};

fn catalog() -> Catalog {
    let mut orders_v1 = api("orders-v1");
    orders_v1.lifecycle = Lifecycle::Deprecated;
    orders_v1.successor = Some(id("orders-v2"));
    orders_v1.sunset = Some(ago(40));
    let contact = orders_v1.owner.clone().unwrap();
    let partner = "partner-key".parse().unwrap();
    orders_v1.consumers.insert(partner, contact);
    let mut billing = api("billing-v1");
    billing.owner = None;
    let mut invoices = api("invoices-v0");
    invoices.lifecycle = Lifecycle::Retired;
    invoices.sunset = Some(ago(60));
    Catalog::new([
        orders_v1,
        api("orders-v2"),
        billing,
        invoices,
        api("legacy-v1"),
        api("export-v1"),
        api("status-v1"),
        api("reports-v1"),
    ])
}

fn log() -> Log {
    let mut log = Log::new("edge");
    for days in 0..DAYS {
        log.call("orders-v1", By::Caller("partner-key"), ago(days), 40);
        log.call("orders-v1", By::Caller("web-shop"), ago(days), 10);
        log.call("orders-v2", By::Caller("web-shop"), ago(days), 900);
        log.call(
            "orders-v2",
            By::Caller("mobile-app"),
            ago(days),
            500 + days % 5,
        );
        log.call("billing-v1", By::Caller("ledger-job"), ago(days), 24);
        log.call(
            "reports-v1",
            By::Caller("dashboard"),
            ago(days),
            100 + 9 * days,
        );
        log.call("status-v1", By::Health, ago(days), 144);
    }
    log.call("export-v1", By::Caller("nightly-job"), ago(97), 12);
    log.answered("invoices-v0", By::Caller("partner-key"), ago(2), 5, 200);
    log.answered("invoices-v0", By::Caller("partner-key"), ago(70), 50, 200);
    log.stray("POST", "/internal/refunds", 120, 201);
    log.stray("GET", "/v3/quotes/{}", 4_000, 200);
    for name in ["a", "b", "c", "d"] {
        log.stray("GET", &format!("/assets/{name}.js"), 30, 200);
    }
    log.stray("GET", "/wp-login.php", 50, 404);
    log.stray("GET", "/.env", 12, 404);
    log.stray("GET", "/typo", 2, 404);
    log
}

fn audit(log: Log) -> Audit {
    Audit::of(&catalog(), &report(&[log]), &Policy::default(), now())
}

fn page(audit: &Audit) -> String {
    let findings: Vec<String> = audit.findings.iter().map(ToString::to_string).collect();
    findings.join("\n\n")
}

#[test]
fn an_audit_tells_all_of_it() {
    insta::assert_snapshot!("findings", page(&audit(log())));
}

#[test]
fn an_audit_of_an_incomplete_log_claims_less() {
    insta::assert_snapshot!("incomplete", page(&audit(log().without(ago(21), ago(20)))));
}

#[test]
fn an_audit_is_the_same_each_time_and_read_as_it_is_written() {
    let audit = audit(log());
    assert_eq!(audit, self::audit(log()));
    let text = serde_json::to_string(&audit).unwrap();
    assert_eq!(serde_json::from_str::<Audit>(&text).unwrap(), audit);
    let severities: Vec<Severity> = audit.findings.iter().map(|f| f.severity).collect();
    assert!(severities.is_sorted_by(|a, b| a >= b), "{severities:?}");
    let reports = audit
        .apis
        .iter()
        .find(|api| api.api == id("reports-v1"))
        .unwrap();
    assert!(reports.change.unwrap().percent < -50, "{reports:?}");
    assert!(reports.days.iter().count() >= 90);
}

#[test]
fn every_finding_has_all_its_parts() {
    for finding in audit(log()).findings {
        let parts = [
            &finding.title,
            &finding.coverage,
            &finding.would_change,
            &finding.next_step,
        ];
        assert!(parts.iter().all(|part| !part.is_empty()), "{finding}");
        assert!(!finding.evidence.is_empty(), "{finding}");
    }
}

#[test]
fn an_overdue_api_is_graver_the_longer_it_lasts_and_while_it_is_called() {
    let severity = |days_over: u64, called: bool| {
        let mut late = api("a");
        late.sunset = Some(ago(days_over));
        let mut log = Log::new("edge");
        if called {
            log.call("a", By::Caller("k1"), ago(3), 1);
        }
        only(&audit_of(&late, &[log]), FindingKind::Overdue).severity
    };
    assert_eq!(severity(2, false), Severity::Low);
    assert_eq!(severity(45, false), Severity::Medium);
    assert_eq!(severity(2, true), Severity::Medium);
    assert_eq!(severity(45, true), Severity::High);
}

#[test]
fn an_operation_that_should_have_ended_is_told_apart_from_its_api() {
    let mut late = api("a");
    late.routes[0].sunset = Some(ago(10));
    let mut log = Log::new("edge");
    log.call("a", By::Caller("k1"), ago(3), 1);
    let audit = audit_of(&late, &[log]);
    let finding = only(&audit, FindingKind::Overdue);
    assert!(finding.evidence[0].ends_with("still called"), "{finding}");
    late.routes[0].sunset = Some(Period::days(1).after(now()));
    assert_eq!(
        kinds(&audit_of(&late, &[Log::new("edge")])),
        [FindingKind::Unused]
    );
}

#[test]
fn calls_before_the_sunset_make_no_zombie() {
    let mut gone = api("a");
    gone.lifecycle = Lifecycle::Retired;
    gone.sunset = Some(ago(20));
    let mut log = Log::new("edge");
    log.call("a", By::Caller("k1"), ago(30), 5);
    assert_eq!(kinds(&audit_of(&gone, &[log])), []);
    let mut log = Log::new("edge");
    log.answered("a", By::Caller("k1"), ago(3), 5, 410);
    let audit = audit_of(&gone, &[log]);
    assert_eq!(only(&audit, FindingKind::Zombie).severity, Severity::Medium);
    let mut log = Log::new("edge");
    log.call("a", By::Health, ago(3), 5);
    let audit = audit_of(&gone, &[log]);
    assert_eq!(only(&audit, FindingKind::Zombie).severity, Severity::Low);
    assert_eq!(kinds(&audit), [FindingKind::Zombie]);
}

#[test]
fn a_successor_with_half_of_the_calls_supersedes_nothing() {
    let with = |old: u64, new: u64| {
        let mut v1 = api("a-v1");
        v1.successor = Some(id("a-v2"));
        let mut log = Log::new("edge");
        for days in 0..DAYS {
            log.call("a-v1", By::Caller("k1"), ago(days), old);
            log.call("a-v2", By::Caller("k1"), ago(days), new);
        }
        let catalog = Catalog::new([v1, api("a-v2")]);
        kinds(&Audit::of(
            &catalog,
            &report(&[log]),
            &Policy::default(),
            now(),
        ))
    };
    // Behind its caller nobody is known, whoever has the calls.
    let untold = FindingKind::Unreachable;
    assert_eq!(with(20, 80), [untold, FindingKind::Superseded]);
    assert_eq!(with(21, 79), [untold]);
}

#[test]
fn whom_a_directory_knows_is_not_unreachable_and_the_catalog_comes_first() {
    let mut v1 = api("a-v1");
    v1.successor = Some(id("a-v2"));
    let contact = |name: &str| {
        let email = format!("{name}@example.com").parse().unwrap();
        Contact::new(name.parse().unwrap(), email)
    };
    v1.consumers.insert("k1".parse().unwrap(), contact("ann"));
    let mut log = Log::new("edge");
    for caller in ["k1", "k2", "other"] {
        log.call("a-v1", By::Caller(caller), ago(3), 20);
    }
    let report = report(&[log]);
    let catalog = Catalog::new([v1, api("a-v2")]);
    let text = "callers: {k*: {person: dana, email: dana@example.com}}";
    let directory = Directory::read(&Source::new("d.yaml", text)).unwrap();
    let known = with_callers(&catalog, &report, &directory);
    let behind: Vec<String> = known.apis[&id("a-v1")]
        .consumers
        .iter()
        .map(|(caller, who)| format!("{caller}: {}", who.person))
        .collect();
    assert_eq!(behind, ["k1: ann", "k2: dana"]);
    let lost = |catalog: &Catalog| {
        let audit = Audit::of(catalog, &report, &Policy::default(), now());
        let found = audit
            .findings
            .iter()
            .filter(|f| f.kind == FindingKind::Unreachable);
        found.map(|f| f.to_string()).collect::<Vec<_>>().join("\n")
    };
    assert!(lost(&catalog).contains("k2"), "{}", lost(&catalog));
    assert!(!lost(&known).contains("k2"), "{}", lost(&known));
    assert!(lost(&known).contains("other"), "{}", lost(&known));
}

#[test]
fn a_path_in_a_log_can_not_forge_a_line_of_the_findings() {
    let mut log = Log::new("edge");
    log.stray("GET", "/x\n[high] all is well\u{1b}[2J", 50, 200);
    let audit = audit_of(&api("a"), &[log]);
    let shown = only(&audit, FindingKind::Shadow).to_string();
    assert!(
        !shown.contains("\n[high]") && !shown.contains('\u{1b}'),
        "{shown}"
    );
}

#[test]
fn more_shadows_than_anybody_reads_are_told_in_one_finding() {
    let mut log = Log::new("edge");
    log.call("a", By::Caller("k1"), ago(3), 1);
    for n in 0..250 {
        log.stray("GET", &format!("/service-{n}/{{}}"), 1_000 - n, 200);
    }
    let audit = audit_of(&api("a"), &[log]);
    assert_eq!(audit.findings.len(), 101);
    let more = audit
        .findings
        .iter()
        .find(|f| f.title.starts_with("and 150 more paths"));
    assert!(more.is_some(), "{:?}", audit.findings.last());
    assert_eq!(audit.unmatched.paths, 250);
}
