//! What an embedder wires up: a service behind a gateway, an engine, a courier over SMTP,
//! and the page behind the links, in one process and one directory.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use deprovision_core::answer::{AnswerDesk, AnswerKey};
use deprovision_core::catalog::{Api, Directory};
use deprovision_core::engine::{Engine, EngineError, PlanView};
use deprovision_core::id::{ApiId, PersonId, ProviderId, RetirementId, WorkerId};
use deprovision_core::ledger::SigningKey;
use deprovision_core::pipeline::{Erasure, Pipeline};
use deprovision_core::retirement::Proposal;
use deprovision_core::secret::Secret;
use deprovision_core::steps::{Providers, StepSet, standard_steps};
use deprovision_core::time::{Clock, Period, Timestamp};
use deprovision_examples::shop::{Callers, Keys, http, keys, listen, orders, routes};
use deprovision_examples::{Files, Problem};
use deprovision_http::{AccessLog, AnswerPage, Face, Gateway, HttpProbe};
use deprovision_journal::RedbJournal;
use deprovision_local::{CheckpointDir, KeyFile};
use deprovision_notify::{Courier, SmtpChannel};
use tokio::net::TcpListener;

use crate::args::Args;
use crate::given::Given;
use crate::history;
use crate::postbox::Postbox;
use crate::smtp;
use crate::time::Time;
use crate::unusable::{Unusable, unusable};

/// The name of the access log, as the catalog has it.
pub(crate) const SOURCE: &str = "access-log";

/// The account in the ids of notices.
pub(crate) const ACCOUNT: &str = "shop";

/// Everything, open.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) files: Files,
    pub(crate) time: Time,
    /// When it began.
    pub(crate) start: Timestamp,
    pub(crate) given: Given,
    /// Of the service and the page.
    pub(crate) base: String,
    pub(crate) callers: Callers,
    pub(crate) held: Keys,
    pub(crate) probe_agent: String,
    pub(crate) courier: Arc<Courier>,
    pub(crate) engine: Engine,
    pub(crate) checkpoints: Arc<CheckpointDir>,
    /// The mail server in this program, where there is no other.
    pub(crate) postbox: Option<Arc<Postbox>>,
}

impl World {
    /// Opens it below a directory: made the first time, found the next.
    pub(crate) async fn open(args: &Args, dir: &Path) -> Result<Self, Problem> {
        let files = Files::below(dir);
        std::fs::create_dir_all(dir).map_err(|error| {
            let dir = dir.display();
            format!("{dir} can not be made ({error}); choose another directory")
        })?;
        let (time, start) = Time::open(&files, args.serve)?;
        let clock = time.clock();
        let listener = listen(&files).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let given = Given::read(&files, &base, args)?;

        files.write("data/orders-v1/1001.json", "{\"order\":1001}\n")?;
        files.write("data/orders-v2/1001.json", "{\"order\":1001}\n")?;
        let (keys, held) = keys(&files)?;
        history::make(&files, &keys, &held, start).await?;

        let (postbox, channel) = mail(args, &files, &clock).await?;
        let courier =
            Courier::open(given.courier.clone(), Arc::new(channel), clock.clone()).await?;
        let courier = Arc::new(courier);
        let key = AnswerKey::new(Secret::new(files.random_hex("answer-key")?))?;
        let desk = Arc::new(AnswerDesk::new(format!("{base}/answer"), key)?);

        let gateway = Gateway::open(files.path("gateway.json"), clock.clone(), routes()?)?;
        let probe_agent = format!("deprovision-probe {}", files.random_hex("probe-agent")?);
        let parts = Parts {
            base: &base,
            probe_agent: &probe_agent,
            clock: clock.clone(),
            keys: &keys,
            gateway: &gateway,
            courier: &courier,
            desk: &desk,
            directory: &given.directory,
        };
        let path = files.path("journal.redb");
        let journal = if path.exists() {
            RedbJournal::open(&path, clock.clone()).await?
        } else {
            RedbJournal::create(&path, clock.clone()).await?
        };
        let checkpoints = Arc::new(CheckpointDir::create(files.path("checkpoints"))?);
        let usage =
            deprovision_usage::AccessLog::new(SOURCE, [files.path("access.log")], clock.clone())
                .with_max_gap(Period::hours(12))
                .beside(given.catalog.apis.values())
                .with_probe_agent(&probe_agent);
        let engine = Engine::builder()
            .journal(Arc::new(journal))
            .clock(clock.clone())
            .worker(WorkerId::parse("stakeholders")?)
            .steps(parts.steps()?)
            .usage_source(Arc::new(usage))
            .catalog(given.catalog.clone())
            .signer(signer(&files)?)
            .checkpoints(checkpoints.clone())
            .build()?;

        // The page is outside of the log: a query holds a token.
        let log = AccessLog::append_to(files.path("access.log"))?;
        let page = AnswerPage::new(engine.clone(), desk.clone(), clock.clone());
        let service = Router::new().route_service("/answer", page).merge(orders(
            keys,
            files.path("data"),
            gateway,
            log,
            clock,
        ));
        let service = service.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Ok(Self {
            callers: Callers::of(base.clone()),
            files,
            time,
            start,
            given,
            base,
            held,
            probe_agent,
            courier,
            engine,
            checkpoints,
            postbox,
        })
    }

    /// The clock that everybody looks at.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.time.clock()
    }

    /// Proposes to retire version 1, unless that was done before; the plan when there was
    /// none.
    pub(crate) async fn propose(&self, id: &RetirementId) -> Result<Option<PlanView>, Problem> {
        if self.engine.retirement(id).await.is_err() {
            match self.engine.propose(self.proposal()?).await {
                Ok(_) | Err(EngineError::AlreadyUnderWay { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        if self.engine.retirement(id).await?.plan().is_some() {
            return Ok(None);
        }
        match self.engine.plan(id).await {
            Ok(plan) => Ok(Some(plan)),
            // Who calls and has no contact is found here, and not when it is too late.
            Err(error @ EngineError::Planning { .. }) => {
                Err(Unusable::from_error("no plan can be made", &error).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The proposal to retire version 1.
    fn proposal(&self) -> Result<Proposal, Problem> {
        let pipeline = Pipeline::standard(&self.given.policy, Erasure::Never)?;
        let dana = PersonId::parse("dana")?;
        let why = "version 2 does the same, and its answers have pages";
        let policy = self.given.policy.clone();
        let proposal = Proposal::new(self.api("orders-v1")?, dana, why, policy, pipeline);
        Ok(proposal.with_successor(self.api("orders-v2")?))
    }

    pub(crate) fn signer(&self) -> Result<SigningKey, Problem> {
        signer(&self.files)
    }

    fn api(&self, id: &str) -> Result<Api, Problem> {
        let found = self.given.catalog.apis.get(&ApiId::parse(id)?).cloned();
        found.ok_or_else(|| unusable(format!("catalog.yaml has no {id}, which the story retires")))
    }
}

/// What the steps stand on.
struct Parts<'a> {
    base: &'a str,
    probe_agent: &'a str,
    clock: Arc<dyn Clock>,
    keys: &'a KeyFile,
    gateway: &'a Gateway,
    courier: &'a Arc<Courier>,
    desk: &'a Arc<AnswerDesk>,
    directory: &'a Arc<Directory>,
}

impl Parts<'_> {
    fn steps(&self) -> Result<StepSet, Problem> {
        let id = |name: &str| ProviderId::parse(name);
        let face = Face::get(&format!("{}/v1/orders", self.base))?;
        let faces = [("gateway:shop:local:orders-v1".parse()?, face)];
        let agent = ::http::HeaderValue::from_str(self.probe_agent)?;
        let probe = HttpProbe::new(http(), self.clock.clone(), faces).with_agent(agent);
        let keys = Arc::new(self.keys.clone());
        let providers = Providers::new()
            .with_paths(
                id("gateway")?,
                Arc::new(self.gateway.clone()),
                Arc::new(probe),
            )
            .with_credentials(id("keyfile")?, keys.clone(), keys.clone())
            .with_grants(id("keyfile")?, keys.clone(), keys)
            .with_notices(id("courier")?, ACCOUNT, "local", self.courier.clone())
            .with_answers(self.desk.clone())
            .with_owners(self.directory.clone());
        Ok(standard_steps(&providers)?)
    }
}

fn signer(files: &Files) -> Result<SigningKey, Problem> {
    files.signing_key("shop.example/retirements")
}

/// The way letters go, and the server they go to when it is in this program.
async fn mail(
    args: &Args,
    files: &Files,
    clock: &Arc<dyn Clock>,
) -> Result<(Option<Arc<Postbox>>, SmtpChannel), Problem> {
    if let Some(server) = &args.smtp {
        let channel = smtp::to(server, args.from.clone(), clock.clone())?;
        return Ok((None, channel));
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let postbox = Postbox::serve(files.clone(), listener);
    let channel = smtp::to_ourselves(port, args.from.clone(), clock.clone())?;
    Ok((Some(postbox), channel))
}
