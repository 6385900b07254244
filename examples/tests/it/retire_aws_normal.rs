//! The retirement over AWS in its normal mode, as a team runs it: credentials and
//! endpoints come from the environment, the clock is the machine's. moto stands in for all
//! of AWS, S3 too: what an archive needs of S3 is not asked for here.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};

use crate::program::program;

const REGION: &str = "us-east-1";

/// An account of moto with an API in it, and the file that says how it is retired.
struct World {
    folder: tempfile::TempDir,
    moto: String,
    /// Key, secret and token of a session in the account.
    session: [String; 3],
    config: SdkConfig,
    api: String,
}

fn given(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name}: `cargo xtask test` sets it"))
}

fn config(endpoint: &str, [key, secret, token]: [&str; 3]) -> SdkConfig {
    let token = (!token.is_empty()).then(|| token.to_owned());
    let credentials = Credentials::new(key, secret, token, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

impl World {
    /// What `--peers` makes, with the buckets in moto too.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let made = Command::new(program("retire_aws"))
            .args(["--peers", "--dry-run"])
            .arg(folder.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", said_of(&made));
        let made = std::fs::read_to_string(folder.path().join("made.json")).unwrap();
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        let name = |of: &str| made[of].as_str().unwrap().to_owned();
        let moto = given("DEPROVISION_MOTO");
        let anybody = config(&moto, ["anybody", "anything", ""]);
        let session = aws_sdk_sts::Client::new(&anybody)
            .assume_role()
            .role_arn(format!("arn:aws:iam::{}:role/tests", name("account")))
            .role_session_name("tests")
            .send()
            .await
            .unwrap();
        let keys = session.credentials().unwrap();
        let session = [
            keys.access_key_id().to_owned(),
            keys.secret_access_key().to_owned(),
            keys.session_token().to_owned(),
        ];
        let config = config(&moto, session.each_ref().map(String::as_str));
        let s3 = aws_sdk_s3::Client::new(&config);
        for (what, is_locked) in [("data", false), ("archives", true), ("scratch", false)] {
            let create = s3.create_bucket().bucket(name(what));
            create
                .object_lock_enabled_for_bucket(is_locked)
                .send()
                .await
                .unwrap();
        }
        let enabled = VersioningConfiguration::builder()
            .status(BucketVersioningStatus::Enabled)
            .build();
        let versioned = s3.put_bucket_versioning().bucket(name("data"));
        let versioned = versioned.versioning_configuration(enabled);
        versioned.send().await.unwrap();
        let put = s3.put_object().bucket(name("data")).key("1001.json");
        put.body(b"{}".to_vec().into()).send().await.unwrap();
        Self {
            api: name("orders_v1"),
            folder,
            moto,
            session,
            config,
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("retire.toml")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("retire-orders-v1")
    }

    /// The program in its normal mode, at an endpoint.
    fn command(&self, endpoint: &str, args: &[&str]) -> Command {
        let [key, secret, token] = &self.session;
        let nothing = self.folder.path().join("no-such-file");
        let mut command = Command::new(program("retire_aws"));
        command
            .args(args)
            .arg(self.file())
            .env("AWS_ENDPOINT_URL", endpoint)
            .env(
                "AWS_ENDPOINT_URL_CLOUDWATCH",
                given("DEPROVISION_CLOUDWATCH"),
            )
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", secret)
            .env("AWS_SESSION_TOKEN", token)
            // Nothing of this machine's own may be used.
            .env("AWS_CONFIG_FILE", &nothing)
            .env("AWS_SHARED_CREDENTIALS_FILE", &nothing)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_PROFILE");
        command
    }

    /// Runs it to its end.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.command(&self.moto, args).output().unwrap();
        let said = said_of(&output);
        assert!(!said.contains("panicked"), "{said}");
        (output.status.code(), said)
    }

    async fn deployments(&self) -> usize {
        let client = aws_sdk_apigateway::Client::new(&self.config);
        let all = client.get_deployments().rest_api_id(&self.api);
        all.send().await.unwrap().items().len()
    }
}

fn said_of(output: &Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).unwrap()
}

/// Passes everything on to moto until the first deployment is asked for: that one moto
/// makes, and its answer is never given.
struct Relay {
    endpoint: String,
    withheld: Receiver<()>,
}

impl Relay {
    fn before(upstream: &str) -> Self {
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, withheld) = channel();
        let sender = Arc::new(Mutex::new(sender));
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, sender) = (client.unwrap(), sender.clone());
                let server = TcpStream::connect(&upstream).unwrap();
                std::thread::spawn(move || pass_on(client, server, &sender));
            }
        });
        Self { endpoint, withheld }
    }
}

fn pass_on(mut client: TcpStream, mut server: TcpStream, withheld: &Mutex<Sender<()>>) {
    let is_held = Arc::new(Mutex::new(false));
    let (mut answers, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let hold = is_held.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 16 << 10];
        while let Ok(count @ 1..) = answers.read(&mut buffer) {
            // Once it is withheld, the connection stays open and silent.
            if !*hold.lock().unwrap() && to_client.write_all(&buffer[..count]).is_err() {
                return;
            }
        }
    });
    let mut buffer = [0; 16 << 10];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let begin = String::from_utf8_lossy(&buffer[..count]);
        let line = begin.lines().next().unwrap_or_default();
        let holds = line.starts_with("POST /restapis/") && line.contains("/deployments");
        *is_held.lock().unwrap() |= holds;
        if server.write_all(&buffer[..count]).is_err() {
            return;
        }
        if holds {
            let _ = withheld.lock().unwrap().send(());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_looked_at_begun_stopped_by_ctrl_c_and_taken_up_without_sending_again() {
    let world = World::new().await;
    let (code, said) = world.run(&["--grants"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("user/billing/inline/calls#"), "{said}");
    let (code, plan) = world.run(&["--dry-run"]);
    assert_eq!(code, Some(0), "{plan}");
    for part in ["IRREVERSIBLE", "api-keys goes on issuing credentials"] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    assert!(!world.state().exists(), "a look writes nothing");
    assert_eq!(world.deployments().await, 1);

    let (code, said) = world.run(&[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("0 of 1 people approved plan"),
        "the plan waits for a person: {said}"
    );
    let plan = std::fs::read_to_string(world.state().join("plan.txt")).unwrap();
    assert!(plan.contains("IRREVERSIBLE"), "{plan}");

    let relay = Relay::before(&world.moto);
    let child = world
        .command(&relay.endpoint, &["--approve", "ann"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let withheld = relay.withheld.recv_timeout(Duration::from_secs(120));
    withheld.expect("it deploys, to tell callers the dates");
    let pressed = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(pressed.success());
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(stopped.status.code(), Some(130), "{}", said_of(&stopped));
    assert!(
        said_of(&stopped).contains("run again, it goes on where it was"),
        "{}",
        said_of(&stopped)
    );

    // The answer was lost with the process. The next one takes the journal up and sends
    // nothing again; how it goes on to the end is shown by `--peers`, whose clock is played.
    let (code, said) = world.run(&[]);
    assert_eq!(code, Some(0), "{said}");
    for part in [
        "[x] tell owners, stakeholders and consumers 4/4",
        "[~] put Deprecation, Sunset and Link headers on the access paths 0/1",
        "Run this again at",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(world.deployments().await, 2, "ours was made once");
}
