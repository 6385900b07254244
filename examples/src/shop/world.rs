//! Opening the shop: everything is made the first time and found the next.

use std::collections::BTreeMap;
use std::sync::Arc;

use deprovision_code::{DefaultBranch, GitRepositories};
use deprovision_core::catalog::{Catalog, Source};
use deprovision_core::digest::Digest;
use deprovision_core::id::ApiId;
use deprovision_core::ledger::SigningKey;
use deprovision_core::secret::Secret;
use deprovision_core::time::{Clock, ManualClock, Period, Timestamp};
use deprovision_http::{AccessLog, Gateway, Route};
use deprovision_local::{Directory, DirectoryArchive, KeyFile, NewKey};
use deprovision_notify::{Outbox, OutboxConfig};
use tokio::net::TcpListener;

use crate::shop::{Callers, Files, Problem, Reviewer, code, service};

/// How often somebody calls version 2: the log is never silent for longer.
const EVERY: Period = Period::hours(6);

/// How much history there is before the story begins.
const HISTORY: Period = Period::days(120);

/// For how much of it version 1 was still called.
const USED: Period = Period::days(20);

/// The keys that the callers hold: two of version 1, one of version 2.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Of the billing program, for version 1.
    pub billing: Secret,
    /// Of the nightly reports, for version 1.
    pub reports: Secret,
    /// Of the billing program, for version 2.
    pub billing_v2: Secret,
}

/// The shop, open.
#[derive(Debug)]
pub struct Shop {
    /// Where everything is.
    pub files: Files,
    /// The clock that everybody looks at.
    pub clock: Arc<ManualClock>,
    /// What exists.
    pub catalog: Catalog,
    /// The base URL of the service.
    pub base: String,
    /// Programs that call it.
    pub callers: Callers,
    /// Their keys.
    pub held: Keys,
    /// Who reviews changes.
    pub reviewer: Reviewer,
    /// The key file that the service honours.
    pub keys: KeyFile,
    pub(super) gateway: Gateway,
    pub(super) data: Directory,
    pub(super) archives: DirectoryArchive,
    pub(super) outbox: Arc<Outbox>,
    pub(super) repositories: Arc<GitRepositories>,
    pub(super) probe_agent: String,
}

impl Shop {
    /// Opens the shop below a directory: made the first time, found the next.
    ///
    /// # Errors
    /// When a file is foreign or broken, the port is taken, or git is missing.
    pub async fn open(files: Files) -> Result<Self, Problem> {
        std::fs::create_dir_all(files.root()).map_err(|error| {
            let root = files.root().display();
            format!("{root} can not be made ({error}); choose another directory")
        })?;
        let clock = clock(&files)?;
        let listener = listen(&files).await?;
        let base = format!("http://{}", listener.local_addr()?);
        code::make(&files).await?;
        data(&files)?;
        let (keys, held) = keys(&files)?;
        let catalog = catalog(&files, &base)?;
        let gateway = Gateway::open(files.path("gateway.json"), clock.clone(), routes()?)?;
        let log = AccessLog::append_to(files.path("access.log"))?;
        let orders = service::orders(
            keys.clone(),
            files.path("data"),
            gateway.clone(),
            log,
            clock.clone(),
        );
        service::serve(listener, orders);
        let data = Directory::open(files.path("data"), "shop")?;
        let archives = DirectoryArchive::create(files.path("archives"), data.clone())?;
        let from = "apis@shop.example".parse()?;
        let outbox = OutboxConfig::new(files.path("outbox"), "shop", from);
        let mut repositories = GitRepositories::new().with_clock(clock.clone());
        for name in ["billing", "orders-api"] {
            let id = format!("git:shop:local:{name}").parse()?;
            let folder = files.path(&format!("repos/{name}"));
            repositories
                .register(id, folder, DefaultBranch::named("main"))
                .await?;
        }
        let probe_agent = format!("deprovision-probe {}", files.random_hex("probe-agent")?);
        Ok(Self {
            outbox: Arc::new(Outbox::open(outbox, clock.clone())?),
            callers: Callers::of(base.clone()),
            reviewer: Reviewer::of(&files),
            repositories: Arc::new(repositories),
            files,
            clock,
            catalog,
            base,
            held,
            keys,
            gateway,
            data,
            archives,
            probe_agent,
        })
    }

    /// Makes the history: months of requests over TCP, version 1 only in the first
    /// weeks. Gives false when it was made before. `tell` hears how many of how
    /// many days are done.
    ///
    /// # Errors
    /// When the service does not answer.
    pub async fn make_history(&self, tell: impl Fn(u64, u64)) -> Result<bool, Problem> {
        if self.files.read("history")?.is_some() {
            return Ok(false);
        }
        let end: Timestamp = self.start()?;
        let begin = HISTORY.before(end);
        let used_until = USED.after(begin);
        let days = HISTORY.as_seconds() / 86_400;
        while self.clock.now() < end {
            let next = EVERY.after(self.clock.now()).min(end);
            if self.clock.now() < used_until {
                self.callers
                    .get("/v1/orders", Some(&self.held.billing))
                    .await?;
                self.callers
                    .get("/v1/orders/1001", Some(&self.held.reports))
                    .await?;
            }
            self.let_time_pass(next).await?;
            let done = Period::between(begin, self.clock.now()).as_seconds() / 86_400;
            tell(done, days);
        }
        self.files.write("history", "made\n")?;
        Ok(true)
    }

    /// Lets time pass until that moment, while version 2 is called as ever.
    ///
    /// # Errors
    /// When the service does not answer.
    pub async fn let_time_pass(&self, until: Timestamp) -> Result<(), Problem> {
        loop {
            let next = EVERY.after(self.clock.now()).min(until);
            // Written first: a shop that is opened again is never back in time.
            self.files
                .write("clock", next.max(self.clock.now()).to_string())?;
            self.clock.advance_to(next);
            self.callers
                .get("/v2/orders", Some(&self.held.billing_v2))
                .await?;
            if self.clock.now() >= until {
                return Ok(());
            }
        }
    }

    /// The API by its id.
    ///
    /// # Errors
    /// When the catalog does not have it.
    pub fn api(&self, id: &str) -> Result<deprovision_core::catalog::Api, Problem> {
        let found = self.catalog.apis.get(&ApiId::parse(id)?).cloned();
        found.ok_or_else(|| format!("there is no {id} in the catalog").into())
    }

    /// What signs checkpoints and the certificate.
    ///
    /// # Errors
    /// When the key's file is broken.
    pub fn signer(&self) -> Result<SigningKey, Problem> {
        self.files.signing_key("shop.example/retirements")
    }

    /// Where archives are.
    pub fn archives(&self) -> &DirectoryArchive {
        &self.archives
    }

    /// Where data is.
    pub fn data(&self) -> &Directory {
        &self.data
    }

    /// The digests of all files below a directory, by their relative names.
    ///
    /// # Errors
    /// When one can not be read.
    pub fn digests(&self, folder: &str) -> Result<BTreeMap<String, Digest>, Problem> {
        let root = self.files.path(folder);
        let mut found = BTreeMap::new();
        let mut open = vec![root.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                let name = path.strip_prefix(&root)?.to_string_lossy().into_owned();
                found.insert(name, Digest::of_bytes(&std::fs::read(&path)?));
            }
        }
        Ok(found)
    }

    /// When the story begins: after the history.
    ///
    /// # Errors
    /// When the file that says so is gone or broken.
    pub fn start(&self) -> Result<Timestamp, Problem> {
        let text = self
            .files
            .read("start")?
            .ok_or("the file `start` is gone")?;
        Ok(text.trim().parse()?)
    }
}

/// The clock, where it was left; the first time, before the history.
fn clock(files: &Files) -> Result<Arc<ManualClock>, Problem> {
    let now = match files.read("clock")? {
        Some(text) => text.trim().parse()?,
        None => {
            // Whole seconds: access logs have no finer ones.
            let start = Timestamp::from_second(Timestamp::now().as_second())?;
            files.write("start", start.to_string())?;
            let begin = HISTORY.before(start);
            files.write("clock", begin.to_string())?;
            begin
        }
    };
    Ok(Arc::new(ManualClock::starting_at(now)))
}

/// The port of the service, the same every time: it is in the catalog.
///
/// # Errors
/// When the port is taken by somebody else.
pub async fn listen(files: &Files) -> Result<TcpListener, Problem> {
    let Some(port) = files.read("port")? else {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        files.write("port", listener.local_addr()?.port().to_string())?;
        return Ok(listener);
    };
    let port: u16 = port.trim().parse()?;
    TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| {
            format!(
                "port {port}, which the shop in {} was made with, can not be had ({error}); \
             stop what holds it, or use another directory",
                files.root().display()
            )
            .into()
        })
}

/// The routes of both versions, as the gateway knows them.
///
/// # Errors
/// Never: they are well formed.
pub fn routes() -> Result<Vec<Route>, Problem> {
    Ok(vec![
        Route::new("gateway:shop:local:orders-v1".parse()?, "/v1/orders")?,
        Route::new("gateway:shop:local:orders-v2".parse()?, "/v2/orders")?,
    ])
}

/// The orders: files that the service serves, among them an empty one and one with
/// an odd name.
fn data(files: &Files) -> Result<(), Problem> {
    if files.path("data/orders-v2").exists() {
        return Ok(());
    }
    for number in 1001..1041 {
        let lines: String = (0..number % 7 * 40)
            .map(|line| format!("{{\"order\":{number},\"line\":{line}}}\n"))
            .collect();
        files.write(&format!("data/orders-v1/{number}.json"), lines)?;
    }
    files.write("data/orders-v1/archive/2019 (old) ü.json", "{}\n")?;
    files.write("data/orders-v1/empty.json", "")?;
    files.write("data/orders-v2/1001.json", "{\"order\":1001}\n")?;
    Ok(())
}

/// The key file, and what the callers hold. Only the callers know the keys.
///
/// # Errors
/// When a file is foreign or broken.
pub fn keys(files: &Files) -> Result<(KeyFile, Keys), Problem> {
    let path = files.path("keys.json");
    let mut held = Vec::new();
    let names = [
        ("ak_billing", "orders-v1", "billing"),
        ("ak_reports", "orders-v1", "reports"),
        ("ak_billing_v2", "orders-v2", "billing"),
    ];
    let keys = KeyFile::create(&path, "shop").or_else(|_| KeyFile::open(&path, "shop"))?;
    for (name, api, principal) in names {
        let file = format!("callers/{name}");
        if let Some(secret) = files.read(&file)? {
            held.push(Secret::new(secret.trim()));
            continue;
        }
        let api = ApiId::parse(api)?;
        let (_, secret) = keys.issue(NewKey::new(api.clone(), principal).id(name))?;
        keys.grant(principal, &api)?;
        files.write(&file, secret.expose())?;
        held.push(secret);
    }
    let [billing, reports, billing_v2] = <[Secret; 3]>::try_from(held).map_err(|_| "three keys")?;
    let held = Keys {
        billing,
        reports,
        billing_v2,
    };
    Ok((keys, held))
}

fn catalog(files: &Files, base: &str) -> Result<Catalog, Problem> {
    if files.read("catalog.yaml")?.is_none() {
        let text = include_str!("catalog.yaml").replace("{base}", base);
        files.write("catalog.yaml", text)?;
    }
    let text = files.read("catalog.yaml")?.unwrap_or_default();
    let name = files.path("catalog.yaml").display().to_string();
    Ok(Catalog::read(&[Source::new(&name, &text)])?)
}
