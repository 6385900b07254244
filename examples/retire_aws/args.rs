//! What the program is asked to do.

use std::path::PathBuf;

use deprovision_core::id::PersonId;
use deprovision_examples::Problem;
use lexopt::prelude::{Long, Short, Value, ValueExt};

pub(crate) const HELP: &str = "\
Retires an API on AWS, as a file describes it.

usage: retire_aws [OPTIONS] [FILE]

Without options, everything is done that is due now; then it says what waits, for whom and
until when. Run it again whenever you like (a timer once an hour will do): what was done is
in the journal. FILE is examples/retire_aws/retire.toml unless told.

  --dry-run               show what would be done; nothing is written anywhere
  --policies              print the IAM policy that each part needs, as JSON
  --grants                list the statements that let somebody in to the API
  --approve PERSON        say yes to what waits for an approval
  --object PERSON WHY     hold it
  --withdraw PERSON       take back all that the person objected
  --cancel PERSON WHY     call it off: everything that can be is restored
  --peers                 against moto and SeaweedFS instead of AWS: the file, an account
                          and all that is retired in it are made below the directory that
                          FILE names now (a temporary one unless told), people and time
                          are played. Start the servers with `cargo xtask serve` in front
  --help                  this text

Without --peers the credentials come from the usual chain of AWS (environment, profile,
role). Ctrl-C stops it at any moment (exit code 130); run again, it goes on, five minutes
later at most, when the lease of the run that was stopped has ended.";

/// What a person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Word {
    /// Yes, to everything that waits for it.
    Approve(PersonId),
    /// Hold it, and why.
    Object(PersonId, String),
    /// No objection any more.
    Withdraw(PersonId),
    /// Call it off, and why.
    Cancel(PersonId, String),
}

/// What it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// Print the usage.
    Help,
    /// Show the plan.
    DryRun,
    /// Print the policies.
    Policies,
    /// List the grants.
    Grants,
    /// Go on, after what a person says.
    GoOn(Option<Word>),
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) task: Task,
    pub(crate) peers: bool,
    pub(crate) file: Option<PathBuf>,
}

/// What the process was called with.
pub(crate) fn read() -> Result<Args, Problem> {
    parse(lexopt::Parser::from_env())
}

fn parse(mut parser: lexopt::Parser) -> Result<Args, Problem> {
    let (mut task, mut peers, mut file) = (None, false, None);
    while let Some(arg) = parser.next()? {
        let asked = match arg {
            Long("peers") => {
                peers = true;
                continue;
            }
            Value(path) if file.is_none() => {
                file = Some(PathBuf::from(path));
                continue;
            }
            Long("help") | Short('h') => Task::Help,
            Long("dry-run") => Task::DryRun,
            Long("policies") => Task::Policies,
            Long("grants") => Task::Grants,
            Long("approve") => Task::GoOn(Some(Word::Approve(person(&mut parser)?))),
            Long("withdraw") => Task::GoOn(Some(Word::Withdraw(person(&mut parser)?))),
            Long("object") => {
                let who = person(&mut parser)?;
                Task::GoOn(Some(Word::Object(who, parser.value()?.parse()?)))
            }
            Long("cancel") => {
                let who = person(&mut parser)?;
                Task::GoOn(Some(Word::Cancel(who, parser.value()?.parse()?)))
            }
            Long(_) | Short(_) | Value(_) => {
                return Err(format!("{}\n\n{HELP}", arg.unexpected()).into());
            }
        };
        if task.replace(asked).is_some() {
            return Err(format!("one of these at a time\n\n{HELP}").into());
        }
    }
    Ok(Args {
        task: task.unwrap_or(Task::GoOn(None)),
        peers,
        file,
    })
}

fn person(parser: &mut lexopt::Parser) -> Result<PersonId, Problem> {
    let name: String = parser.value()?.parse()?;
    Ok(PersonId::parse(name)?)
}
