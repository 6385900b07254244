//! What may be said on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use deprovision_core::catalog::{Api, Lifecycle};
use deprovision_core::id::ApiId;
use lexopt::{Arg, Parser, ValueExt as _};

/// What is shown when asked, or when nothing is said.
pub(crate) const HELP: &str = "\
Finds the code that calls the APIs of a catalog, in one pass over each tree.

usage: cargo run --release --example references -- --catalog FILE... PATH...

  --catalog FILE...  the catalog: our own form, Backstage or OpenAPI (YAML, JSON, TOML)
  PATH...            clones, folders with clones in them, or any folder with files
  --api ID           only this API; may be said several times
  --all              ignored files too, and other repositories inside of a tree
  --no-authors       do not ask git who changed a file last
  --list             every reference, not only the table
  --history          what was ever there, on any branch (clones only; takes its time)
  --patch DIR        write there, for each clone and each API that is deprecated, retired
                     or named with --api, what the removal would change
  --threads N        how many threads read (default: one for each processor)
  --json             one JSON document on the standard output, and nothing else

exit code: 0 all was read, and nothing found; 1 references found; 2 something that was given
can not be used, or nothing was found but something could not be read or looked for; 130
stopped by Ctrl-C. Patches are written whole or not at all.

Try it: cargo run --release --example references -- --list \\
          --catalog examples/references/sample/catalog.yaml examples/references/sample/shop";

/// What is wanted.
#[derive(Debug)]
pub(crate) enum Asked {
    Help,
    Search(Args),
}

/// The command line, read.
#[derive(Debug, Default)]
pub(crate) struct Args {
    pub(crate) catalogs: Vec<PathBuf>,
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) apis: Vec<ApiId>,
    pub(crate) all: bool,
    pub(crate) no_authors: bool,
    pub(crate) list: bool,
    pub(crate) history: bool,
    pub(crate) patch: Option<PathBuf>,
    pub(crate) threads: Option<usize>,
    pub(crate) json: bool,
}

impl Args {
    /// Whether a patch is wanted for an API.
    pub(crate) fn removes(&self, api: &Api) -> bool {
        if self.apis.is_empty() {
            matches!(api.lifecycle, Lifecycle::Deprecated | Lifecycle::Retired)
        } else {
            self.apis.contains(&api.id)
        }
    }
}

/// Reads the command line. The error says what is wrong, and what to write.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let mut args = Args::default();
    let mut said = false;
    let mut parser = Parser::from_args(words);
    while let Some(arg) = parser.next().map_err(unclear)? {
        said = true;
        match arg {
            Arg::Long("catalog") => args.catalogs.push(path(&mut parser)?),
            Arg::Long("api") => {
                let id = ApiId::parse(text(&mut parser)?);
                args.apis
                    .push(id.map_err(|error| format!("--api: {error}"))?);
            }
            Arg::Long("all") => args.all = true,
            Arg::Long("no-authors") => args.no_authors = true,
            Arg::Long("list") => args.list = true,
            Arg::Long("history") => args.history = true,
            Arg::Long("patch") => args.patch = Some(path(&mut parser)?),
            Arg::Long("threads") => args.threads = Some(threads(&text(&mut parser)?)?),
            Arg::Long("json") => args.json = true,
            Arg::Long("help") | Arg::Short('h') => return Ok(Asked::Help),
            Arg::Value(path) => args.paths.push(path.into()),
            Arg::Long(_) | Arg::Short(_) => return Err(unclear(arg.unexpected())),
        }
    }
    if !said {
        return Ok(Asked::Help);
    }
    if args.catalogs.is_empty() {
        return Err("no catalog is given; name it with --catalog FILE, or see --help".to_owned());
    }
    if args.paths.is_empty() {
        return Err("no path is given; name a clone, or see --help".to_owned());
    }
    Ok(Asked::Search(args))
}

fn unclear(error: lexopt::Error) -> String {
    format!("{error}; --help shows all options")
}

fn text(parser: &mut Parser) -> Result<String, String> {
    parser
        .value()
        .and_then(|value| value.string())
        .map_err(unclear)
}

fn path(parser: &mut Parser) -> Result<PathBuf, String> {
    Ok(parser.value().map_err(unclear)?.into())
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads @ 1..=256) => Ok(threads),
        Ok(_) | Err(_) => Err(format!("--threads: {text:?} is no number from 1 to 256")),
    }
}
