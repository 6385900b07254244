//! The whole retirement against moto and SeaweedFS: people and time are played.
#![expect(
    clippy::print_stderr,
    reason = "what does not hold is told to a person"
)]

mod gateway;
mod made;
mod servers;
mod show;
mod time;

use std::collections::BTreeMap;
use std::process::ExitCode;

use deprovision_core::digest::Digest;
use deprovision_core::id::PersonId;
use deprovision_core::retirement::{Mode, Phase};
use deprovision_core::time::Clock;
use deprovision_examples::{Checks, Files, Problem, Teller, approve_what_waits};

use crate::args::{Args, Task};
use crate::clients::Clients;
use crate::config::Config;
use crate::look;
use crate::peers::gateway::Gateway;
use crate::peers::made::{Made, STAGE};
use crate::peers::servers::Servers;
use crate::peers::show::Show;
use crate::peers::time::Time;
use crate::retiring::Retiring;
use crate::run::Running;

/// More rounds than any course has.
const ROUNDS: u32 = 2_000;

/// Makes the world, or finds it, and does there what is asked.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Problem> {
    let servers = Servers::given()?;
    let root = match args.file {
        Some(root) => root,
        None => tempfile::Builder::new()
            .prefix("retire-aws-")
            .tempdir()?
            .keep(),
    };
    std::fs::create_dir_all(&root).map_err(|error| {
        let root = root.display();
        format!("{root} can not be made ({error}); with --peers, name a directory")
    })?;
    let files = Files::below(root);
    let (made, clients) = Made::open(&servers, &files).await?;
    let time = Time::open(&files, clients.cloudwatch.clone()).await?;
    let config = Config::read(&files.path("retire.toml"))?;
    let client = clients.apigateway.clone();
    let (gateway, base) = Gateway::serve(client, &made.account, time.clock.clone()).await?;
    // The deployments that are served before anything is done.
    for api in [&made.orders_v1, &made.orders_v2] {
        gateway.look(api, STAGE).await?;
    }
    let mut retiring = Retiring::new(config, &clients, time.clock.clone())?;
    retiring.served_at = Some(base.clone());
    clients.check(&retiring.config).await?;
    match args.task {
        Task::Help => {}
        Task::DryRun => look::dry_run(&retiring).await?,
        Task::Policies => look::policies(&retiring, true).await?,
        Task::Grants => look::grants(&retiring).await?,
        Task::GoOn(Some(_)) => {
            return Err("with --peers people are played; leave their words out".into());
        }
        Task::GoOn(None) => {
            let world = World {
                files,
                made,
                clients,
                time,
                base,
            };
            let failed = world.retire(&mut retiring).await?;
            if failed > 0 {
                eprintln!("retire_aws: {failed} things are not as they should be");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// All that the story needs.
struct World {
    files: Files,
    made: Made,
    clients: Clients,
    time: Time,
    base: String,
}

impl World {
    /// The whole story; gives how many things did not hold at the end.
    async fn retire(&self, retiring: &mut Retiring) -> Result<u32, Problem> {
        let teller = Teller::starting_at(self.time.start);
        teller.head(&format!(
            "Account {} of moto, and SeaweedFS; {}",
            self.made.account,
            self.files.root().display()
        ));
        let before = self.remember_data().await?;
        let running = Running::open(retiring).await?;
        teller.head("The plan, before anything is done");
        teller.say(running.files.read("plan.txt")?.unwrap_or_default());

        teller.head("Retiring it (people and the clock are played; the calls are real)");
        self.go_to_the_end(&running, &teller).await?;

        teller.head("What is true now");
        let mut show = Show {
            checks: Checks::new(&teller),
            made: &self.made,
            clients: &self.clients,
            base: &self.base,
        };
        show.keys().await?;
        show.grants().await?;
        show.paths().await?;
        show.data(retiring, &before).await?;
        let verifier = Retiring::verifier(&running.files)?;
        let mut checks = show.checks;
        let log = running.checkpoints.as_ref();
        checks
            .proof(&running.engine, &running.id, log, &verifier, true)
            .await?;

        teller.head(&format!(
            "What is left in {}",
            running.files.root().display()
        ));
        teller.say("  plan.txt: the plan; outbox/: the notices, as letters");
        for line in running.write_artefacts(retiring).await? {
            teller.say(format!("  {line}"));
        }
        teller.done();
        Ok(checks.failed())
    }

    /// To the certificate, and to the end of the watch.
    async fn go_to_the_end(&self, running: &Running, teller: &Teller) -> Result<(), Problem> {
        let approvers = [PersonId::parse("ann")?, PersonId::parse("bob")?];
        let (engine, id) = (&running.engine, &running.id);
        let mut news = engine.subscribe();
        if *engine.retirement(id).await?.mode() == Mode::Finished {
            teller.say("  it is retired already; nothing is repeated");
            return Ok(());
        }
        for _ in 0..ROUNDS {
            let idle = engine.run_until_idle().await?;
            teller.news(&mut news);
            let state = engine.retirement(id).await?;
            if *state.mode() == Mode::Finished {
                return Ok(());
            }
            let status = engine.status(id).await?;
            teller.now(status.phase.to_string());
            if status.phase == Phase::Parked {
                return Err(format!("it is parked:\n{status}").into());
            }
            let now = self.time.clock.now();
            let approved = approve_what_waits(engine, &status, &approvers, now).await?;
            teller.news(&mut news);
            match idle.next_due {
                Some(at) => self.time.pass(at).await?,
                None if approved => {}
                None => return Err(format!("nothing goes on any more:\n{status}").into()),
            }
        }
        Err("the retirement does not end".into())
    }

    /// The digests of the data before it is erased, kept for the comparison at the end.
    async fn remember_data(&self) -> Result<BTreeMap<String, Digest>, Problem> {
        if let Some(text) = self.files.read("data-before.json")? {
            return Ok(serde_json::from_str(&text)?);
        }
        let (s3, bucket) = (&self.clients.s3, &self.made.data);
        let mut digests = BTreeMap::new();
        let listed = s3.list_objects_v2().bucket(bucket).send().await?;
        for object in listed.contents() {
            let key = object.key().unwrap_or_default();
            let answer = s3.get_object().bucket(bucket).key(key).send().await?;
            let bytes = answer.body.collect().await?.into_bytes();
            digests.insert(key.to_owned(), Digest::of_bytes(&bytes));
        }
        let text = serde_json::to_string_pretty(&digests)?;
        self.files.write("data-before.json", text)?;
        Ok(digests)
    }
}
