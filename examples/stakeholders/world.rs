//! What an embedder wires up: a service behind a gateway, an engine, a courier over SMTP,
//! and the page behind the links, in one process and one directory.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use deprovision_core::answer::{AnswerDesk, AnswerKey};
use deprovision_core::catalog::{Api, Catalog, Contact, Directory, EmailAddress, Source};
use deprovision_core::engine::{Engine, EngineError, PlanView};
use deprovision_core::id::{ApiId, PersonId, ProviderId, RetirementId, WorkerId};
use deprovision_core::ledger::SigningKey;
use deprovision_core::pipeline::{Erasure, Pipeline};
use deprovision_core::policy::Policy;
use deprovision_core::retirement::Proposal;
use deprovision_core::secret::Secret;
use deprovision_core::steps::{Providers, StepSet, standard_steps};
use deprovision_core::time::{Clock, Period, Timestamp};
use deprovision_examples::shop::{Callers, Keys, http, keys, listen, orders, routes};
use deprovision_examples::{Files, Problem};
use deprovision_http::{AccessLog, AnswerPage, Face, Gateway, HttpProbe};
use deprovision_journal::RedbJournal;
use deprovision_local::{CheckpointDir, KeyFile};
use deprovision_notify::{Courier, CourierConfig, SmtpChannel};
use tokio::net::TcpListener;

use crate::args::Args;
use crate::history;
use crate::postbox::Postbox;
use crate::smtp;
use crate::time::Time;
use crate::unusable::{Unusable, unusable};

/// The name of the access log, as the catalog has it.
pub(crate) const SOURCE: &str = "access-log";

/// The account in the ids of notices.
const ACCOUNT: &str = "shop";

/// Everything, open.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) files: Files,
    pub(crate) time: Time,
    /// When it began.
    pub(crate) start: Timestamp,
    pub(crate) catalog: Catalog,
    pub(crate) directory: Arc<Directory>,
    /// Everybody who may get mail.
    pub(crate) contacts: Vec<Contact>,
    pub(crate) policy: Policy,
    /// Of the service and the page.
    pub(crate) base: String,
    pub(crate) callers: Callers,
    pub(crate) held: Keys,
    pub(crate) probe_agent: String,
    pub(crate) desk: Arc<AnswerDesk>,
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
        give_out(&files, &base, args)?;
        let (catalog, directory) = (catalog(&files)?, Arc::new(directory(&files)?));
        let policy = policy(&files)?;
        let config = courier_config(&files)?;

        files.write("data/orders-v1/1001.json", "{\"order\":1001}\n")?;
        files.write("data/orders-v2/1001.json", "{\"order\":1001}\n")?;
        let (keys, held) = keys(&files)?;
        history::make(&files, &keys, &held, start).await?;

        let (postbox, channel) = mail(args, &files, &clock).await?;
        let courier = Courier::open(config, Arc::new(channel), clock.clone()).await?;
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
            directory: &directory,
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
                .beside(catalog.apis.values())
                .with_probe_agent(&probe_agent);
        let engine = Engine::builder()
            .journal(Arc::new(journal))
            .clock(clock.clone())
            .worker(WorkerId::parse("stakeholders")?)
            .steps(parts.steps()?)
            .usage_source(Arc::new(usage))
            .catalog(catalog.clone())
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
            contacts: contacts(&catalog, &directory)?,
            catalog,
            directory,
            policy,
            base,
            held,
            probe_agent,
            desk,
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
        let pipeline = Pipeline::standard(&self.policy, Erasure::Never)?;
        let dana = PersonId::parse("dana")?;
        let why = "version 2 does the same, and its answers have pages";
        let policy = self.policy.clone();
        let proposal = Proposal::new(self.api("orders-v1")?, dana, why, policy, pipeline);
        Ok(proposal.with_successor(self.api("orders-v2")?))
    }

    pub(crate) fn signer(&self) -> Result<SigningKey, Problem> {
        signer(&self.files)
    }

    fn api(&self, id: &str) -> Result<Api, Problem> {
        let found = self.catalog.apis.get(&ApiId::parse(id)?).cloned();
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

/// Those in the catalog, and those behind the callers.
fn contacts(catalog: &Catalog, directory: &Directory) -> Result<Vec<Contact>, Problem> {
    let mut contacts = Vec::new();
    for api in catalog.apis.values() {
        contacts.extend(api.owner.iter().cloned());
        contacts.extend(api.stakeholders.iter().map(|who| who.contact.clone()));
        contacts.extend(api.consumers.values().cloned());
    }
    for caller in ["ak_billing", "ak_reports"] {
        contacts.extend(directory.behind(&caller.parse()?).cloned());
    }
    contacts.sort_unstable();
    contacts.dedup_by(|a, b| a.person == b.person);
    Ok(contacts)
}

fn signer(files: &Files) -> Result<SigningKey, Problem> {
    files.signing_key("shop.example/retirements")
}

/// The files that people edit, as they are the first time.
fn give_out(files: &Files, base: &str, args: &Args) -> Result<(), Problem> {
    let is_new = files.read("catalog.yaml")?.is_none();
    match (&args.to, is_new) {
        (Some(_), false) => {
            return Err(unusable(format!(
                "--to is for a new directory, and {} has addresses: edit its catalog.yaml and \
                 directory.yaml",
                files.root().display()
            )));
        }
        (None, true) if args.smtp.is_some() => {
            return Err(unusable(
                "--smtp needs --to ADDRESS in a new directory, so that nobody gets mail by accident",
            ));
        }
        _ => {}
    }
    let given = [
        ("policy.toml", include_str!("policy.toml")),
        ("courier.toml", include_str!("courier.toml")),
        ("directory.yaml", include_str!("directory.yaml")),
        // The last: with it, the directory is no new one.
        ("catalog.yaml", include_str!("catalog.yaml")),
    ];
    for (name, text) in given {
        if files.read(name)?.is_none() {
            let mut text = text.replace("{base}", base);
            for (field, value) in quiet_hours(args.serve) {
                text = text.replace(field, value);
            }
            for person in ["dana", "sam", "erin", "billing-team", "reports-team"] {
                let address = address(person, args.to.as_ref());
                text = text.replace(&format!("{{{person}}}"), &address);
            }
            files.write(name, text)?;
        }
    }
    Ok(())
}

/// Whoever starts a server wants to see a letter; in the story nobody has to wait.
fn quiet_hours(serve: bool) -> [(&'static str, &'static str); 3] {
    let (why, from, to) = match serve {
        true => (
            "never here, so that letters are seen at once: write 20:00:00 and 08:00:00.",
            "00:00:00",
            "00:00:00",
        ),
        false => ("a day is enough to tell them.", "20:00:00", "08:00:00"),
    };
    [("{why}", why), ("{from}", from), ("{to}", to)]
}

fn address(person: &str, to: Option<&EmailAddress>) -> String {
    match to.and_then(|to| to.as_str().split_once('@')) {
        Some((name, host)) => format!("{name}+{person}@{host}"),
        None => format!("{person}@shop.example"),
    }
}

fn catalog(files: &Files) -> Result<Catalog, Problem> {
    let (name, text) = text(files, "catalog.yaml")?;
    let read = Catalog::read(&[Source::new(&name, &text)]);
    read.map_err(|errors| unusable(format!("the catalog can not be used:\n{errors}")))
}

fn directory(files: &Files) -> Result<Directory, Problem> {
    let (name, text) = text(files, "directory.yaml")?;
    let read = Directory::read(&Source::new(&name, &text));
    read.map_err(|errors| unusable(format!("the directory can not be used:\n{errors}")))
}

fn policy(files: &Files) -> Result<Policy, Problem> {
    let (name, text) = text(files, "policy.toml")?;
    let read = Policy::from_toml(&name, &text);
    read.map_err(|error| Unusable::from_error("the policy can not be used", &error).into())
}

/// What people wrote, and where the queue is.
fn courier_config(files: &Files) -> Result<CourierConfig, Problem> {
    let (name, text) = text(files, "courier.toml")?;
    let wrong = |error: &toml::de::Error| Problem::from(Unusable::from_error(&name, error));
    let mut table: toml::Table = text.parse().map_err(|error| wrong(&error))?;
    let queue = files.path("courier.redb").display().to_string();
    table.insert("file".to_owned(), queue.into());
    table.insert("account".to_owned(), ACCOUNT.into());
    table.try_into().map_err(|error| wrong(&error))
}

fn text(files: &Files, name: &str) -> Result<(String, String), Problem> {
    let text = files.read(name)?.unwrap_or_default();
    Ok((files.path(name).display().to_string(), text))
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
