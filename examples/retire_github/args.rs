//! What the program is asked to do.

use std::path::PathBuf;

use deprovision_core::id::PersonId;
use deprovision_examples::Problem;
use lexopt::prelude::{Long, Short, ValueExt};

pub(crate) const HELP: &str = "\
Retires an API in the code of a GitHub organisation.

usage: retire_github --org ORG --catalog FILE --api ID [OPTIONS]
       retire_github --fake [DIR]

  --org ORG            the organisation
  --catalog FILE       the catalog that has the API and its successor
  --api ID             the API that goes
  --state DIR          where the journal and the clones are (./retire-github)
  --enterprise URL     an Enterprise Server instead of github.com
  --proposer PERSON    who proposes it, and therefore does not approve (proposer)
  --go-on              do what is due: open pull requests, follow them
  --approve PERSON     say yes to the plan, and go on
  --fake [DIR]         against a stand-in on this machine, with people who merge
  --help               this text

Without --go-on or --approve it looks: who names the API, what lets somebody in, what would
be done, and how long that takes by GitHub's limits. The token comes from GITHUB_TOKEN.";

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Args {
    Help,
    Fake(Option<PathBuf>),
    Given(Box<Given>),
}

/// What is retired, and what is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) organisation: String,
    pub(crate) catalog: PathBuf,
    pub(crate) api: String,
    pub(crate) state: PathBuf,
    pub(crate) enterprise: Option<String>,
    pub(crate) proposer: PersonId,
    pub(crate) task: Task,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    Look,
    /// After a yes of somebody.
    GoOn(Option<PersonId>),
}

/// What the process was called with.
pub(crate) fn read() -> Result<Args, Problem> {
    let mut parser = lexopt::Parser::from_env();
    let (mut organisation, mut catalog, mut api, mut enterprise) = (None, None, None, None);
    let mut state = PathBuf::from("retire-github");
    let mut proposer = PersonId::parse("proposer")?;
    let mut task = Task::Look;
    while let Some(arg) = parser.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(Args::Help),
            Long("fake") => {
                let folder = parser.values().ok().and_then(|mut values| values.next());
                return Ok(Args::Fake(folder.map(PathBuf::from)));
            }
            Long("org") => organisation = Some(parser.value()?.parse()?),
            Long("catalog") => catalog = Some(PathBuf::from(parser.value()?)),
            Long("api") => api = Some(parser.value()?.parse()?),
            Long("state") => state = PathBuf::from(parser.value()?),
            Long("enterprise") => enterprise = Some(parser.value()?.parse()?),
            Long("proposer") => proposer = person(&mut parser)?,
            Long("go-on") => task = Task::GoOn(None),
            Long("approve") => task = Task::GoOn(Some(person(&mut parser)?)),
            other => return Err(format!("{}\n\n{HELP}", other.unexpected()).into()),
        }
    }
    let missing = |what: &str| format!("{what} is missing\n\n{HELP}");
    Ok(Args::Given(Box::new(Given {
        organisation: organisation.ok_or_else(|| missing("--org"))?,
        catalog: catalog.ok_or_else(|| missing("--catalog"))?,
        api: api.ok_or_else(|| missing("--api"))?,
        state,
        enterprise,
        proposer,
        task,
    })))
}

fn person(parser: &mut lexopt::Parser) -> Result<PersonId, Problem> {
    let name: String = parser.value()?.parse()?;
    Ok(PersonId::parse(name)?)
}
