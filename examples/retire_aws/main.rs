//! Retires an API on AWS, as a TOML file describes it: its access keys and API keys, the
//! grants that name it, its REST or HTTP API, its data in S3, watched by CloudWatch.
//!
//! ```text
//! cargo run --release --package deprovision-examples --features aws --example retire_aws -- --help
//! ```
//!
//! Look before anything is done, with the credentials that the AWS CLI would take:
//!
//! ```text
//! retire_aws --grants   FILE     who is let in, and which statements a person has to look at
//! retire_aws --policies FILE     the IAM policy of each part
//! retire_aws --dry-run  FILE     the plan
//! ```
//!
//! Then run it without options as often as you like; `--approve`, `--object`,
//! `--withdraw` and `--cancel` say what people say. Everything that happened is in the directory that `state` names.
//!
//! # Without an account
//! All of it, from the first look to the end of the watch, against moto and SeaweedFS on
//! this machine, which `cargo xtask serve` starts and stops:
//!
//! ```text
//! cargo xtask serve cargo run --release --package deprovision-examples --features aws \
//!     --example retire_aws -- --peers
//! ```
//!
//! moto keeps what an API of API Gateway is and serves nothing: calls are answered by the
//! interpreter of AWS's documents that the tests of deprovision-aws use. That says how the
//! configuration is meant, and nothing of AWS's data plane.
//!
//! # What it does not do
//! - Notices are letters in `state/outbox`; nothing is sent. Give the engine a notifier
//!   that sends them before anybody counts on them.
//! - Who a person is, is taken at their word: `--approve ann` is whoever types it. A team
//!   puts its own sign-in in front.
//! - Credentials of `aws sso login` and of credential processes are not read: those parts
//!   of the SDK are not built. Export them (`aws configure export-credentials`).
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person on a terminal"
)]

mod args;
mod clients;
mod config;
mod look;
mod parts;
mod peers;
mod pipeline;
mod retiring;
mod run;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use deprovision_core::provider::error_chain;
use deprovision_core::time::SystemClock;
use deprovision_examples::Problem;

use crate::args::{Args, Task};
use crate::clients::Clients;
use crate::config::Config;
use crate::retiring::Retiring;

/// What a shell says of a program that was ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// The sample beside this program.
const SAMPLE: &str = "examples/retire_aws/retire.toml";

#[tokio::main]
async fn main() -> ExitCode {
    let args = match args::read() {
        Ok(args) => args,
        Err(problem) => {
            eprintln!("retire_aws: {problem}");
            return ExitCode::from(2);
        }
    };
    if args.task == Task::Help {
        println!("{}", args::HELP);
        return ExitCode::SUCCESS;
    }
    // Stopping needs no care: what was done is in the journal.
    let done = tokio::select! {
        done = work(args) => done,
        pressed = tokio::signal::ctrl_c() => match pressed {
            Ok(()) => {
                eprintln!(
                    "\nretire_aws: stopped; run again, it goes on where it was: at most five \
                     minutes from now, when the lease of this run has ended"
                );
                return ExitCode::from(INTERRUPTED);
            }
            Err(error) => Err(error.into()),
        },
    };
    match done {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("retire_aws: {}", error_chain(problem.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn work(args: Args) -> Result<ExitCode, Problem> {
    if args.peers {
        return peers::run(args).await;
    }
    let file = args.file.as_deref().unwrap_or(Path::new(SAMPLE));
    let config = Config::read(file)?;
    let clients = Clients::of_the_chain(&config.region).await;
    let mut retiring = Retiring::new(config, &clients, Arc::new(SystemClock::new()))?;
    if args.task != Task::Policies {
        clients.check(&retiring.config).await?;
    }
    match args.task {
        Task::Help => {}
        Task::DryRun => look::dry_run(&retiring).await?,
        Task::Policies => look::policies(&retiring, false).await?,
        Task::Grants => look::grants(&retiring).await?,
        Task::GoOn(word) => run::go_on(&mut retiring, word).await?,
    }
    Ok(ExitCode::SUCCESS)
}
