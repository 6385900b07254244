//! Disables the access keys of all users under a path and reads them again; prints how
//! long each part took.
//!
//! `iam_sweep --endpoint URL [--account 123456789012] [--path /] [--concurrency 16] [--named FILE] [--no-verify]`
//!
//! A file of names (`USER/AKIA…`, one a line) takes the place of the path: then no user
//! and no key is listed before the keys are disabled.

#![expect(clippy::print_stdout, reason = "this is what it is for")]

use std::error::Error;
use std::time::Instant;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_iam::config::{Credentials, SharedCredentialsProvider};
use deprovision_aws::{IamAccessKeys, Pace, Scope};
use deprovision_core::conformance::{Permits, known};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{CredentialObserver as _, CredentialState, Outcome};
use deprovision_core::resource::CredentialId;

struct Flags {
    endpoint: String,
    account: String,
    path: String,
    concurrency: usize,
    named: Option<String>,
    verify: bool,
}

impl Flags {
    fn parse() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut flags = Self {
            endpoint: String::new(),
            account: "123456789012".to_owned(),
            path: "/".to_owned(),
            concurrency: 16,
            named: None,
            verify: true,
        };
        let mut given = std::env::args().skip(1);
        while let Some(flag) = given.next() {
            if flag == "--no-verify" {
                flags.verify = false;
                continue;
            }
            let value = given.next().ok_or(format!("{flag} needs a value"))?;
            match flag.as_str() {
                "--endpoint" => flags.endpoint = value,
                "--account" => flags.account = value,
                "--path" => flags.path = value,
                "--concurrency" => flags.concurrency = value.parse()?,
                "--named" => flags.named = Some(value),
                other => return Err(format!("there is no flag {other}").into()),
            }
        }
        if flags.endpoint.is_empty() {
            return Err("--endpoint is missing".into());
        }
        Ok(flags)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let flags = Flags::parse()?;
    let credentials = Credentials::new("AKIAEXAMPLE0EXAMPLE0", "nothing", None, None, "flags");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&flags.endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    let api = ApiId::parse("swept")?;
    let client = aws_sdk_iam::Client::new(&config);
    let keys = IamAccessKeys::new(&client, Scope::new(&flags.account, "us-east-1")?)
        .pace(Pace::adaptive().at_once(flags.concurrency)?);

    let started = Instant::now();
    let mut ids: Vec<CredentialId> = Vec::new();
    let keys = match &flags.named {
        Some(file) => {
            for line in std::fs::read_to_string(file)?.lines() {
                let (user, key) = line.split_once('/').ok_or("a line is no USER/AKIA…")?;
                ids.push(keys.key_id(user, key)?);
            }
            keys.named(&api, ids.clone())?
        }
        None => {
            let keys = keys.path(&api, &flags.path)?;
            ids = known(keys.credentials(&keys.issuer_id()?, &api).await?)?;
            keys
        }
    };
    let listed = started.elapsed().as_secs_f64();

    let permit = Permits::new().permit().await?;
    let outcomes = keys.disable_each(&ids, &permit).await;
    let disabled = started.elapsed().as_secs_f64();
    let done = outcomes
        .values()
        .filter(|outcome| matches!(outcome, Ok(Outcome::Done { .. })))
        .count();

    if !flags.verify {
        println!("list {listed:.2} s, disable {:.2} s", disabled - listed);
        return if done == ids.len() {
            Ok(())
        } else {
            Err("not all keys are disabled".into())
        };
    }
    let states = keys.states_of(&ids).await;
    let verified = started.elapsed().as_secs_f64();
    let off = states
        .into_values()
        .filter_map(|state| known(state.ok()?).ok())
        .filter(|state| matches!(state, CredentialState::Disabled { .. }))
        .count();

    println!(
        "{} keys: {done} said to be disabled, {off} seen disabled",
        ids.len()
    );
    println!(
        "list {listed:.2} s, disable {:.2} s, verify {:.2} s; {verified:.2} s in all",
        disabled - listed,
        verified - disabled
    );
    if done == ids.len() && off == ids.len() {
        Ok(())
    } else {
        Err("not all keys are disabled".into())
    }
}
