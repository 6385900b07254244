//! Retires an API in the code of a GitHub organisation: finds who names it, takes away what
//! lets somebody in, and opens one pull request a repository, followed until it is merged. The
//! documents that the catalog names are marked retired in the same way.
//!
//! ```text
//! cargo run --package deprovision-examples --features github --example retire_github -- --help
//! ```
//!
//! With `GITHUB_TOKEN`, over GitHub: look first, then approve and go on as often as you like.
//! With `--fake`, all of it at once against a stand-in on this machine, whose people merge
//! what is proposed to them.
//!
//! It is the part of a retirement that lies on GitHub: paths, keys and data of an API are
//! retired as `quickstart` and `retire_aws` do.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person on a terminal"
)]

mod args;
mod fake;
mod look;
mod retiring;
mod run;

use std::process::ExitCode;
use std::sync::Arc;

use deprovision_core::provider::error_chain;
use deprovision_core::secret::Secret;
use deprovision_core::time::SystemClock;
use deprovision_examples::Problem;
use deprovision_github::{Auth, GitHub, Server};

use crate::args::{Args, Task};
use crate::retiring::Organisation;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match args::read() {
        Ok(args) => args,
        Err(problem) => {
            eprintln!("retire_github: {problem}");
            return ExitCode::from(2);
        }
    };
    match work(args).await {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("retire_github: {}", error_chain(problem.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn work(args: Args) -> Result<ExitCode, Problem> {
    let given = match args {
        Args::Help => {
            println!("{}", args::HELP);
            return Ok(ExitCode::SUCCESS);
        }
        Args::Fake(state) => return fake::run(state).await,
        Args::Given(given) => *given,
    };
    let token = std::env::var("GITHUB_TOKEN")
        .map_err(|_| "GITHUB_TOKEN is not set; give a token, or --fake for a look without one")?;
    let server = match &given.enterprise {
        Some(url) => Server::enterprise(url)?,
        None => Server::dot_com(),
    };
    let clock = Arc::new(SystemClock::new());
    let github = GitHub::new(server, Auth::token(Secret::new(token)))?;
    let organisation = Organisation {
        github,
        name: given.organisation,
        state: given.state,
        clock,
    };
    let mut retiring = organisation.retiring_from(&given.catalog, &given.api)?;
    retiring.proposer = given.proposer;
    match given.task {
        Task::Look => look::look(&mut retiring).await?,
        Task::GoOn(word) => run::go_on(&mut retiring, word).await?,
    }
    Ok(ExitCode::SUCCESS)
}
