//! The whole story against a stand-in for GitHub: people and time are played.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use deprovision_core::catalog::{Catalog, Source};
use deprovision_core::id::PersonId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ChangeObserver, ChangeState, Removal};
use deprovision_core::retirement::{Mode, Phase};
use deprovision_core::secret::Secret;
use deprovision_core::time::{Clock, ManualClock, Timestamp};
use deprovision_examples::{Checks, Problem, Teller, approve_what_waits};
use deprovision_github::{Auth, GitHub, Server};
use deprovision_github_fake::Fake;

use crate::look::look;
use crate::retiring::{Organisation, Retiring};
use crate::run::Running;

/// More rounds than any course has.
const ROUNDS: u32 = 500;

const ORGANISATION: &str = "acme";

const CATALOG: &str = "\
apis:
  - id: orders-v1
    title: Orders, version 1
    hosts: [orders-v1.shop.example]
    markers: [ORDERS_V1_TOKEN]
    successor: orders-v2
    routes:
      - { method: GET, path: '/v1/orders/{id}' }
    resources:
      documents: ['github:acme:127.0.0.1:website/docs/orders.md', 'github:acme:127.0.0.1:website/openapi.yaml']
  - id: orders-v2
    title: Orders, version 2
    hosts: [orders-v2.shop.example]
    routes:
      - { method: GET, path: '/v2/orders/{id}' }
";

const BILLING: &[(&str, &str)] = &[
    (
        "src/orders.py",
        "BASE = 'https://orders-v1.shop.example'\n\ndef order(id):\n    return get(f'{BASE}/v1/orders/{id}')\n",
    ),
    ("README.md", "# Billing\n"),
    (".github/CODEOWNERS", "*.py @ann\n"),
];

const REPORTS: &[(&str, &str)] = &[
    (
        "conf/reports.env",
        "ORDERS_V1_TOKEN=from-the-vault\nLOG=info\n",
    ),
    (
        "run.sh",
        "curl https://orders-v1.shop.example/v1/orders/7\n",
    ),
];

/// It describes version 1.
const WEBSITE: &[(&str, &str)] = &[
    ("index.html", "<h1>Shop</h1>\n"),
    ("docs/orders.md", "# Orders, version 1\n\nHow to order.\n"),
    (
        "openapi.yaml",
        "openapi: 3.0.3\ninfo:\n  title: Orders, version 1\npaths:\n  /v1/orders/{id}:\n    get:\n      responses: {}\n",
    ),
];

/// The repositories with people who merge what is proposed to them.
const REVIEWED: [&str; 3] = ["billing", "reports", "website"];

/// Makes the organisation, and retires version 1 in it.
pub(crate) async fn run(state: Option<PathBuf>) -> Result<ExitCode, Problem> {
    let state = match state {
        Some(state) => state,
        None => tempfile::Builder::new()
            .prefix("retire-github-")
            .tempdir()?
            .keep(),
    };
    let fake = Fake::start().await?;
    fake.repository(ORGANISATION, "billing", BILLING)?;
    fake.repository(ORGANISATION, "reports", REPORTS)?;
    fake.repository(ORGANISATION, "website", WEBSITE)?;
    fake.repository(ORGANISATION, "old-shop", BILLING)?;
    fake.archive("acme/old-shop")?;
    let hook = fake.webhook("acme/billing", "https://orders-v1.shop.example/pushed")?;
    fake.organisation_secret(ORGANISATION, "ORDERS_V1_TOKEN", Some(&["reports"]))?;

    let clock = Arc::new(ManualClock::starting_at(Timestamp::now()));
    let server = Server::cloud(&fake.url(), &fake.url())?;
    let github = GitHub::new(server, Auth::token(Secret::new(Fake::TOKEN)))?;
    let mut limits = deprovision_github::Limits::default();
    // The stand-in is in no hurry, and the clock of the story stands still.
    limits.between_writes = std::time::Duration::ZERO;
    limits.points_a_minute = u32::MAX;
    limits.content_a_minute = u32::MAX;
    limits.content_an_hour = u32::MAX;
    let github = github.with_limits(limits);
    let catalog = Catalog::read(&[Source::new("catalog.yaml", CATALOG)])?;
    let organisation = Organisation {
        github,
        name: ORGANISATION.to_owned(),
        state,
        clock: clock.clone(),
    };
    let mut retiring = organisation.retiring(catalog, "orders-v1")?;

    let teller = Teller::starting_at(clock.now());
    teller.head(&format!(
        "The organisation {ORGANISATION} on {}",
        fake.url()
    ));
    look(&mut retiring).await?;
    teller.head("Retiring it (people and the clock are played; the calls are real)");
    let running = Running::open(&mut retiring).await?;
    to_the_end(&fake, &running, &clock, &teller).await?;

    teller.head("What is true now");
    let mut checks = Checks::new(&teller);
    for name in ["billing", "reports"] {
        let pulls = fake.pulls(&format!("{ORGANISATION}/{name}"))?;
        let merged = pulls.iter().filter(|pull| pull.merged).count();
        checks.check(
            pulls.len() == 1 && merged == 1,
            format!("pull requests to {name}: {}, merged: {merged}", pulls.len()),
        );
    }
    let removal = removal(&retiring);
    for id in &retiring.api.resources.repositories {
        let seen = retiring.code().change(id, &removal).await?;
        let is_clean = matches!(
            &seen,
            Observation::Known {
                value: ChangeState::Merged { .. },
                ..
            }
        );
        checks.check(is_clean, format!("{}: no reference is left", id.name()));
    }
    let website = fake.files("acme/website", "main")?;
    for path in ["docs/orders.md", "openapi.yaml"] {
        let text = website
            .get(path)
            .map(|bytes| String::from_utf8_lossy(bytes));
        let says = text.is_some_and(|text| text.to_lowercase().contains("retired"));
        checks.check(
            says,
            format!("website: {path} says that version 1 is retired"),
        );
    }
    checks.check(
        !fake.delivers("acme/billing", hook)?,
        "the webhook to version 1 is off",
    );
    checks.check(
        !fake.may_read("acme/reports", "ORDERS_V1_TOKEN")?,
        "reports reads the token of version 1 no longer",
    );
    let violations = fake.violations();
    checks.check(
        violations.is_empty(),
        format!("calls that GitHub does not describe: {}", violations.len()),
    );
    let failed = checks.failed();
    teller.done();
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn removal(retiring: &Retiring) -> Removal {
    let successor = retiring.api.successor.as_ref();
    let successor = successor.and_then(|id| retiring.catalog.apis.get(id));
    Removal::new(retiring.api.clone(), successor.cloned())
}

/// Goes on until nothing is left to do: people approve, review and merge.
async fn to_the_end(
    fake: &Fake,
    running: &Running,
    clock: &ManualClock,
    teller: &Teller,
) -> Result<(), Problem> {
    let approvers = [PersonId::parse("ann")?, PersonId::parse("bob")?];
    let (engine, id) = (&running.engine, &running.id);
    let mut news = engine.subscribe();
    for _ in 0..ROUNDS {
        let idle = engine.run_until_idle().await?;
        teller.news(&mut news);
        let state = engine.retirement(id).await?;
        if matches!(state.mode(), Mode::Watching { .. } | Mode::Finished) {
            return Ok(());
        }
        let status = engine.status(id).await?;
        if status.phase == Phase::Parked {
            return Err(format!("it is parked:\n{status}").into());
        }
        let approved = approve_what_waits(engine, &status, &approvers, clock.now()).await?;
        let merged = review(fake, teller)?;
        teller.news(&mut news);
        match idle.next_due {
            Some(at) => clock.advance_to(at),
            None if approved || merged => {}
            None => return Err(format!("nothing goes on any more:\n{status}").into()),
        }
    }
    Err("the retirement does not end".into())
}

/// The owners merge what waits for them, and finish by hand what no rule could do.
fn review(fake: &Fake, teller: &Teller) -> Result<bool, Problem> {
    let mut merged = false;
    for name in REVIEWED {
        let repository = format!("{ORGANISATION}/{name}");
        for pull in fake
            .pulls(&repository)?
            .into_iter()
            .filter(|pull| pull.open)
        {
            fake.merge(&repository, pull.number)?;
            teller.say(format!("          {} is reviewed and merged", pull.url));
            merged = true;
        }
    }
    Ok(merged)
}
