//! The engine over steps with a world of switches: no adapter, no disk.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deprovision_core::catalog::{Api, Catalog, Face, FaceKind};
use deprovision_core::engine::{Approve, Engine, EngineError, EngineLimits};
use deprovision_core::id::{ApiId, ObjectionId, PersonId, RetirementId, StepId, WorkerId};
use deprovision_core::journal::MemoryJournal;
use deprovision_core::ledger::{KeyName, MemoryCheckpointStore, SigningKey, verify};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::pipeline::{Erasure, Pipeline, StepSpec, ids};
use deprovision_core::plan::Action;
use deprovision_core::policy::Policy;
use deprovision_core::provider::{ErrorKind, Outcome, ProviderError, UsageSource};
use deprovision_core::report::{ReportSource, html};
use deprovision_core::resource::CredentialId;
use deprovision_core::retirement::{Mode, Objection, Phase, Proposal, Reading, WaitRule};
use deprovision_core::step::{Step, StepContext, StepDescription, StepPlan, WriteAuthority};
use deprovision_core::time::{Clock, ManualClock, Period, Timestamp, Window};
use deprovision_core::usage::UsageEvidence;

/// What a provider would hold: a switch a target; and what was asked of it.
#[derive(Debug, Default)]
struct World {
    on: Mutex<BTreeMap<String, bool>>,
    extra: Mutex<Vec<String>>,
    writes: AtomicU64,
    undone: AtomicU64,
    fails: AtomicU64,
    calls: AtomicU64,
    most_calls: AtomicU64,
    requests: AtomicU64,
    /// How many minutes pass in each call, by that clock.
    slow: AtomicU64,
    clock: Mutex<Option<Arc<ManualClock>>>,
}

/// A step that switches two targets on.
struct Switch {
    spec: StepSpec,
    world: Arc<World>,
}

impl Switch {
    fn is_on(&self, action: &Action) -> bool {
        self.world
            .on
            .lock()
            .unwrap()
            .get(action.id.as_str())
            .copied()
            .unwrap_or(false)
    }

    fn set(&self, action: &Action, on: bool) {
        self.world
            .on
            .lock()
            .unwrap()
            .insert(action.id.to_string(), on);
    }
}

#[async_trait]
impl Step for Switch {
    fn describe(&self) -> StepDescription {
        StepDescription::new(&self.spec.title, self.spec.reversibility, self.spec.effect)
    }

    async fn plan(&self, cx: &StepContext<'_>) -> Result<StepPlan, ProviderError> {
        let extra = self.world.extra.lock().unwrap().clone();
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()]
            .into_iter()
            .chain(extra);
        let actions = names.map(|name| {
            let id: CredentialId = format!("p:shop:local:{}-{name}", cx.step.id)
                .parse()
                .unwrap();
            cx.action(id, format!("switch {name} on")).unwrap()
        });
        Ok(StepPlan::new(actions.collect()))
    }

    async fn apply(
        &self,
        action: &Action,
        _: &StepContext<'_>,
        authority: &WriteAuthority,
    ) -> Result<Outcome, ProviderError> {
        assert_eq!(
            self.spec.is_irreversible(),
            authority.warrant().is_ok(),
            "I-7: a warrant for what is irreversible and for nothing else"
        );
        let calls = self.world.calls.fetch_add(1, Ordering::SeqCst) + 1;
        self.world.most_calls.fetch_max(calls, Ordering::SeqCst);
        let clock = self.world.clock.lock().unwrap().clone();
        if let Some(clock) = clock {
            let until = authority.permit().not_after();
            assert!(
                clock.now() < until,
                "I-14: a call under a permit that ran out"
            );
            clock.advance(Period::minutes(self.world.slow.load(Ordering::SeqCst)));
        }
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        self.world.calls.fetch_sub(1, Ordering::SeqCst);
        if self.world.fails.load(Ordering::SeqCst) > 0 {
            self.world.fails.fetch_sub(1, Ordering::SeqCst);
            return Err(ProviderError::new(ErrorKind::Transient, "switch", "503"));
        }
        self.world.writes.fetch_add(1, Ordering::SeqCst);
        self.set(action, true);
        Ok(Outcome::done("ok"))
    }

    async fn observe(
        &self,
        action: &Action,
        cx: &StepContext<'_>,
    ) -> Result<Observation<Reading>, ProviderError> {
        let reads = self.spec.effect == deprovision_core::provider::EffectClass::Reading;
        let reading = if reads || self.is_on(action) {
            Reading::Applied {
                evidence: "on".into(),
            }
        } else {
            Reading::NotApplied {
                before: serde_json::json!({ "on": false }),
            }
        };
        Ok(Observation::complete(reading, cx.now))
    }

    async fn undo(
        &self,
        action: &Action,
        _: &StepContext<'_>,
        _: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        self.world.undone.fetch_add(1, Ordering::SeqCst);
        self.set(action, false);
        Ok(Outcome::done("ok"))
    }
}

/// A log that saw as many requests as the world says.
struct Log {
    world: Arc<World>,
    clock: Arc<ManualClock>,
}

#[async_trait]
impl UsageSource for Log {
    fn name(&self) -> &str {
        "log"
    }

    fn lag(&self) -> Period {
        Period::ZERO
    }

    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError> {
        let now = self.clock.now();
        let requests = self.world.requests.load(Ordering::SeqCst);
        let seen = UsageEvidence::new(api.id.clone(), "log", window, requests, None, now);
        Ok(Observation::complete(seen, now))
    }
}

struct Bench {
    clock: Arc<ManualClock>,
    journal: MemoryJournal,
    checkpoints: Arc<MemoryCheckpointStore>,
    world: Arc<World>,
    pipeline: Pipeline,
    policy: Policy,
}

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn key() -> SigningKey {
    SigningKey::from_seed(KeyName::parse("deprovision.test").unwrap(), &[7; 32])
}

fn api() -> Api {
    let mut api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders, version 1");
    api.usage_sources.push("log".to_owned());
    api
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::starting_at(
            "2027-01-01T00:00:00Z".parse().unwrap(),
        ));
        let mut policy = Policy::default();
        policy.limits.credentials = 100;
        Self {
            journal: MemoryJournal::new(clock.clone()),
            clock,
            checkpoints: Arc::default(),
            world: Arc::default(),
            pipeline: Pipeline::standard(&policy, Erasure::AfterArchive).unwrap(),
            policy,
        }
    }

    fn engine(&self, worker: &str) -> Engine {
        self.engine_with(worker, EngineLimits::default())
    }

    fn engine_with(&self, worker: &str, limits: EngineLimits) -> Engine {
        let mut builder = Engine::builder()
            .journal(Arc::new(self.journal.clone()))
            .clock(self.clock.clone())
            .worker(WorkerId::parse(worker).unwrap())
            .limits(limits)
            .signer(key())
            .checkpoints(self.checkpoints.clone())
            .usage_source(Arc::new(Log {
                world: self.world.clone(),
                clock: self.clock.clone(),
            }));
        for spec in self.pipeline.steps() {
            let step = Switch {
                spec: spec.clone(),
                world: self.world.clone(),
            };
            builder = builder.step(spec.id.clone(), Arc::new(step));
        }
        builder.build().unwrap()
    }

    async fn propose(&self, engine: &Engine) -> RetirementId {
        let proposal = Proposal::new(
            api(),
            person("dana"),
            "idle",
            self.policy.clone(),
            self.pipeline.clone(),
        );
        engine.propose(proposal).await.unwrap()
    }

    async fn approve(&self, engine: &Engine, id: &RetirementId) {
        let digest = engine.plan(id).await.unwrap().digest;
        for by in ["ann", "bob"] {
            engine
                .approve(id, Approve::plan(person(by), digest))
                .await
                .unwrap();
            for step in [ids::DELETE_CREDENTIALS, ids::ERASE] {
                let step = StepId::parse(step).unwrap();
                engine
                    .approve(id, Approve::step(person(by), digest, step))
                    .await
                    .unwrap();
            }
        }
    }

    /// Lets time pass until nothing is due any more; approves what has expired.
    async fn finish(&self, engine: &Engine, id: &RetirementId) {
        for _ in 0..400 {
            let idle = engine.run_until_idle().await.unwrap();
            let status = engine.status(id).await.unwrap();
            let waits_for_people = status.waits_for(WaitRule::Approval);
            match idle.next_due {
                Some(at) => self.clock.advance_to(at),
                None if waits_for_people => {}
                None => return,
            }
            if waits_for_people {
                self.approve(engine, id).await;
            }
        }
        panic!("it does not end: {}", engine.status(id).await.unwrap());
    }
}

#[tokio::test]
async fn a_retirement_runs_to_its_certificate_and_what_was_kept_verifies() {
    let bench = Bench::new();
    let engine = bench.engine("w1");
    let mut progress = engine.subscribe();
    let id = bench.propose(&engine).await;
    let plan = engine.plan(&id).await.unwrap().to_string();
    assert!(plan.contains("IRREVERSIBLE"), "{plan}");
    bench.approve(&engine, &id).await;
    bench.finish(&engine, &id).await;
    assert_eq!(engine.status(&id).await.unwrap().phase, Phase::Retired);
    assert_eq!(
        *engine.retirement(&id).await.unwrap().mode(),
        Mode::Finished
    );
    assert!(bench.world.on.lock().unwrap().values().all(|on| *on));

    let entries = engine.entries(&id).await.unwrap();
    assert_eq!(engine.timeline(&id).await.unwrap().len(), entries.len());
    let keys = [key().verifier().clone()];
    let certificate = engine.certificate(&id).await.unwrap();
    let attested = certificate.verify_with_log(&keys, &entries).unwrap();
    let facts = &attested.statement.predicate;
    assert_eq!(facts.api, api().id);
    assert!(facts.approvals.len() >= 4);
    use deprovision_core::ledger::CheckpointStore as _;
    let note = bench.checkpoints.latest(&id).await.unwrap().unwrap();
    verify(&id, &entries, &[&note], &keys).unwrap();
    let source = ReportSource::new(&entries, bench.clock.now())
        .trusting(&keys)
        .with_checkpoint(&note);
    let page = html(&source).unwrap();
    assert!(page.contains("the certificate of deprovision.test holds for this log"));
    let mut told = 0;
    while progress.try_recv().is_ok() {
        told += 1;
    }
    assert_eq!(told, entries.len());
}

#[tokio::test]
async fn i_11_running_a_finished_run_issues_no_write() {
    let bench = Bench::new();
    let engine = bench.engine("w1");
    let id = bench.propose(&engine).await;
    bench.approve(&engine, &id).await;
    bench.finish(&engine, &id).await;
    let writes = bench.world.writes.load(Ordering::SeqCst);
    let version = engine.status(&id).await.unwrap().version;
    bench.clock.advance(Period::days(400));
    bench.finish(&bench.engine("w2"), &id).await;
    assert_eq!(bench.world.writes.load(Ordering::SeqCst), writes);
    assert_eq!(engine.status(&id).await.unwrap().version, version);
}

#[tokio::test]
async fn i_16_an_objection_holds_and_a_cancellation_restores_everything() {
    let bench = Bench::new();
    let engine = bench.engine("w1");
    let id = bench.propose(&engine).await;
    bench.approve(&engine, &id).await;
    engine.run_until_idle().await.unwrap();
    assert_eq!(engine.status(&id).await.unwrap().phase, Phase::Announced);
    let objection = Objection::new(
        ObjectionId::parse("payroll").unwrap(),
        person("carol"),
        "payroll runs on it",
        Period::days(60).after(bench.clock.now()),
    );
    engine.object(&id, objection).await.unwrap();
    let writes = bench.world.writes.load(Ordering::SeqCst);
    bench.clock.advance(Period::days(45));
    engine.run_until_idle().await.unwrap();
    let status = engine.status(&id).await.unwrap();
    assert_eq!(status.phase, Phase::OnHold);
    assert!(
        status.to_string().contains("payroll runs on it"),
        "{status}"
    );
    assert_eq!(bench.world.writes.load(Ordering::SeqCst), writes);
    engine
        .cancel(&id, person("dana"), "payroll needs it")
        .await
        .unwrap();
    bench.finish(&engine, &id).await;
    assert_eq!(engine.status(&id).await.unwrap().phase, Phase::Cancelled);
    assert!(bench.world.on.lock().unwrap().values().all(|on| !on));
    assert!(bench.world.undone.load(Ordering::SeqCst) > 0);
    // It can be proposed again, under another name.
    assert_eq!(bench.propose(&engine).await.as_str(), "orders-v1-2");
}

#[tokio::test]
async fn one_api_is_retired_once_at_a_time_and_unknown_parts_are_named() {
    let bench = Bench::new();
    let engine = bench.engine("w1");
    bench.propose(&engine).await;
    let again = Proposal::new(
        api(),
        person("dana"),
        "again",
        bench.policy.clone(),
        bench.pipeline.clone(),
    );
    let refused = engine.propose(again.clone()).await;
    assert!(matches!(refused, Err(EngineError::AlreadyUnderWay { .. })));
    let bare = Engine::builder()
        .journal(Arc::new(bench.journal.clone()))
        .build()
        .unwrap();
    assert!(matches!(
        bare.propose(again.clone()).await,
        Err(EngineError::NoSuchStep(_))
    ));
    let mut elsewhere = again;
    elsewhere.api.id = ApiId::parse("other").unwrap();
    elsewhere.api.usage_sources = vec!["metrics".to_owned()];
    let refused = engine.propose(elsewhere).await;
    assert!(matches!(refused, Err(EngineError::NoSuchSource { .. })));
}

#[tokio::test]
async fn i_14_a_worker_that_lost_its_lease_stops_and_another_goes_on() {
    let bench = Bench::new();
    let first = bench.engine("w1");
    let id = bench.propose(&first).await;
    bench.approve(&first, &id).await;
    // Two workers at once, on one journal: what each does is done once.
    let second = bench.engine("w2");
    for _ in 0..400 {
        let (a, b) = tokio::join!(first.run_until_idle(), second.run_until_idle());
        let due = a.unwrap().next_due.max(b.unwrap().next_due);
        let status = first.status(&id).await.unwrap();
        if status.waits_for(WaitRule::Approval) {
            bench.approve(&first, &id).await;
        } else if let Some(at) = due {
            bench.clock.advance_to(at);
        } else if status.phase == Phase::Retired {
            break;
        }
    }
    assert_eq!(first.status(&id).await.unwrap().phase, Phase::Retired);
    let on = bench.world.on.lock().unwrap().len() as u64;
    assert_eq!(bench.world.writes.load(Ordering::SeqCst), on);
}

#[tokio::test]
async fn i_14_a_call_that_waited_for_its_turn_is_not_sent_under_a_lease_that_ran_out() {
    let bench = Bench::new();
    *bench.world.clock.lock().unwrap() = Some(bench.clock.clone());
    bench.world.slow.store(20, Ordering::SeqCst);
    let mut limits = EngineLimits::default();
    limits.calls_per_provider = 1;
    let engine = bench.engine_with("w1", limits);
    let id = bench.propose(&engine).await;
    bench.approve(&engine, &id).await;
    bench.finish(&engine, &id).await;
    assert_eq!(engine.status(&id).await.unwrap().phase, Phase::Retired);
    let on = bench.world.on.lock().unwrap().len() as u64;
    assert_eq!(bench.world.writes.load(Ordering::SeqCst), on);
}

#[tokio::test]
async fn i_17_a_provider_that_keeps_failing_parks_the_run_and_a_person_resumes_it() {
    let bench = Bench::new();
    let engine = bench.engine("w1");
    let id = bench.propose(&engine).await;
    bench.approve(&engine, &id).await;
    bench.world.fails.store(1_000, Ordering::SeqCst);
    for _ in 0..40 {
        let idle = engine.run_until_idle().await.unwrap();
        match idle.next_due {
            Some(at) => bench.clock.advance_to(at),
            None => break,
        }
    }
    let status = engine.status(&id).await.unwrap();
    assert_eq!(status.phase, Phase::Parked);
    assert!(status.to_string().contains("503"), "{status}");
    bench.world.fails.store(0, Ordering::SeqCst);
    engine
        .resume(&id, person("ann"), "it is up again")
        .await
        .unwrap();
    bench.finish(&engine, &id).await;
    assert_eq!(engine.status(&id).await.unwrap().phase, Phase::Retired);
}

#[tokio::test]
async fn i_12_one_goes_first_and_no_more_than_allowed_at_once() {
    let mut bench = Bench::new();
    *bench.world.extra.lock().unwrap() = (0..9).map(|n| format!("x{n}")).collect();
    bench.policy.limits.credentials = 1_000;
    bench.policy.limits.targets = 1_000;
    bench.policy.limits.irreversible_per_day = 7;
    let mut limits = EngineLimits::default();
    limits.calls_per_provider = 3;
    let engine = bench.engine_with("w1", limits);
    let id = bench.propose(&engine).await;
    bench.approve(&engine, &id).await;
    bench.finish(&engine, &id).await;
    assert_eq!(engine.status(&id).await.unwrap().phase, Phase::Retired);
    assert_eq!(bench.world.most_calls.load(Ordering::SeqCst), 3);
    // Never more than seven irreversible beginnings in any 24 hours.
    let mut begun: Vec<Timestamp> = Vec::new();
    for entry in engine.entries(&id).await.unwrap() {
        let irreversible = entry.kind == "action_intended"
            && entry.body["action"].as_str().is_some_and(|action| {
                action.starts_with(ids::DELETE_CREDENTIALS) || action.starts_with("erase")
            });
        if irreversible {
            begun.push(entry.at);
        }
    }
    assert_eq!(begun.len(), 24);
    for at in &begun {
        let others = begun
            .iter()
            .filter(|other| *other <= at && *at < Period::hours(24).after(**other));
        assert!(others.count() <= 7);
    }
}

#[tokio::test]
async fn i_18_a_face_that_the_catalog_learns_stops_the_run_until_it_is_approved_again() {
    let bench = Bench::new();
    let engine = bench.engine("w1");
    let id = bench.propose(&engine).await;
    bench.approve(&engine, &id).await;
    engine.run_until_idle().await.unwrap();
    let before = engine.plan(&id).await.unwrap().digest;
    let mut api = api();
    api.faces.push(Face::new(FaceKind::Stage, "beta"));
    let mut catalog = Catalog::default();
    catalog.apis.insert(api.id.clone(), api);
    engine.set_catalog(catalog);
    bench.clock.advance(Period::days(31));
    engine.run_until_idle().await.unwrap();
    let status = engine.status(&id).await.unwrap();
    assert!(status.waits_for(WaitRule::Approval), "{status}");
    assert_ne!(engine.plan(&id).await.unwrap().digest, before);
}

#[tokio::test]
async fn a_shutdown_gives_the_lease_back_and_loses_nothing() {
    let bench = Bench::new();
    let engine = bench.engine("w1");
    let id = bench.propose(&engine).await;
    bench.approve(&engine, &id).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let engine = engine.clone();
        async move {
            engine
                .run(async {
                    let _ = stopped.await;
                })
                .await
        }
    });
    while bench.world.writes.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    // Nobody has to wait for the lease to run out.
    bench.finish(&bench.engine("w2"), &id).await;
    assert_eq!(engine.status(&id).await.unwrap().phase, Phase::Retired);
    let on = bench.world.on.lock().unwrap().len() as u64;
    assert_eq!(bench.world.writes.load(Ordering::SeqCst), on);
}

#[tokio::test]
async fn i_8_traffic_holds_the_run_and_it_says_so() {
    let bench = Bench::new();
    let engine = bench.engine("w1");
    bench.world.requests.store(3, Ordering::SeqCst);
    let id = bench.propose(&engine).await;
    bench.approve(&engine, &id).await;
    for _ in 0..60 {
        if let Some(at) = engine.run_until_idle().await.unwrap().next_due {
            bench.clock.advance_to(at);
        }
    }
    engine.run_until_idle().await.unwrap();
    let status = engine.status(&id).await.unwrap();
    assert_eq!(status.phase, Phase::BrownOut);
    assert!(status.to_string().contains("3 requests"), "{status}");
}
