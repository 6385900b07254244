//! Everything that is given besides the logs' lines: the catalog, the policy, the
//! list of bots, the moment, and which files there are to read.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use deprovision_core::catalog::{Catalog, Source};
use deprovision_core::policy::Policy;
use deprovision_core::provider::error_chain;
use deprovision_core::time::{Clock, ManualClock, SystemClock, Timestamp};
use deprovision_usage::{Agents, Depth, Input, Inputs};

use crate::args::{Args, source_and_path};
use crate::stop::Failure;

/// What is given.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) catalog: Catalog,
    /// The files of the catalog.
    pub(crate) catalog_files: Vec<PathBuf>,
    pub(crate) policy: Policy,
    pub(crate) agents: Agents,
    pub(crate) clock: Arc<dyn Clock>,
    as_of: Timestamp,
    /// What there is to read of each source.
    pub(crate) logs: BTreeMap<String, Inputs>,
}

impl Given {
    pub(crate) fn read(args: &Args) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = match args.as_of {
            Some(now) => Arc::new(ManualClock::starting_at(now)),
            None => Arc::new(SystemClock::new()),
        };
        let as_of = clock.now();
        if let Some(since) = args.since
            && since >= as_of
        {
            return Err(refused(format!(
                "--since {since} is not before {as_of}, so no request could be counted; write an earlier time, or a later one with --as-of"
            )));
        }
        let policy = match &args.policy {
            Some(path) => Policy::from_toml(&name(path), &text(path)?).map_err(chain)?,
            None => Policy::default(),
        };
        let agents = Agents::new().map_err(chain)?;
        let agents = match &args.agents {
            Some(path) => {
                let about = |e| refused(format!("{}: {}", name(path), error_chain(&e)));
                let patterns = Agents::patterns_from_json(text(path)?.as_bytes()).map_err(about)?;
                agents.with_bots(patterns).map_err(about)?
            }
            None => agents,
        };
        let catalog_files = catalog_files(&args.catalogs)?;
        Ok(Self {
            catalog: catalog(&catalog_files)?,
            catalog_files,
            policy,
            agents,
            clock,
            as_of,
            logs: logs(args)?,
        })
    }

    /// The moment of the audit. The machine's clock goes on while logs are read, and
    /// an audit is of when they had been.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now().max(self.as_of)
    }
}

/// What a file is called in messages.
fn name(path: &Path) -> String {
    path.display().to_string()
}

fn refused(problem: impl fmt::Display) -> Failure {
    Failure::Refused(problem.to_string())
}

pub(crate) fn chain(error: impl std::error::Error + 'static) -> Failure {
    refused(error_chain(&error))
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        refused(format!(
            "{} can not be read ({error}); look at the path, and allow reading it",
            name(path)
        ))
    })
}

/// The files of a catalog, those in directories too.
fn catalog_files(names: &[OsString]) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for given in names {
        if given == "-" {
            return Err(refused(
                "--catalog - is not read from the standard input; name a file",
            ));
        }
        let found = Inputs::expand([given], Depth::All).map_err(chain)?;
        if let Some(missing) = found.missing.first() {
            return Err(refused(format!(
                "the catalog {} does not exist; look at the path",
                name(missing)
            )));
        }
        let is_directory = Path::new(given).is_dir();
        let before = files.len();
        for input in found.files {
            match input {
                Input::File(path) if !is_directory || is_catalog(&path) => files.push(path),
                // Beside a catalog there may be anything, a README for example.
                Input::File(_) | Input::Stdin | _ => {}
            }
        }
        if files.len() == before {
            return Err(refused(format!(
                "the directory {} has no file of a catalog (.yaml, .yml, .json, .toml); name the files",
                given.display()
            )));
        }
    }
    Ok(files)
}

fn is_catalog(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    ["yaml", "yml", "json", "toml"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

fn catalog(files: &[PathBuf]) -> Result<Catalog, Failure> {
    let mut texts = Vec::new();
    for path in files {
        texts.push((name(path), text(path)?));
    }
    let sources: Vec<Source<'_>> = texts
        .iter()
        .map(|(name, text)| Source::new(name, text))
        .collect();
    let catalog = Catalog::read(&sources).map_err(|errors| {
        refused(format!(
            "the catalog has {} {}:\n{errors}",
            errors.len(),
            if errors.len() == 1 {
                "mistake"
            } else {
                "mistakes"
            }
        ))
    })?;
    if catalog.apis.is_empty() {
        return Err(refused(
            "the catalog has no API; write one, or name the file that has them",
        ));
    }
    Ok(catalog)
}

/// The files of each source. A name without a file is a slip of whoever types it, and
/// not the missing file of a log that makes an audit partial.
fn logs(args: &Args) -> Result<BTreeMap<String, Inputs>, Failure> {
    let mut names: BTreeMap<&str, Vec<&OsStr>> = BTreeMap::new();
    for log in &args.logs {
        let (source, path) = source_and_path(log, &args.source);
        names.entry(source).or_default().push(path);
    }
    let mut logs = BTreeMap::new();
    let mut of: BTreeMap<PathBuf, &str> = BTreeMap::new();
    let mut stdin = false;
    for (source, paths) in names {
        let found = Inputs::expand(paths, Depth::OneLevel).map_err(chain)?;
        if let Some(missing) = found.missing.first() {
            return Err(refused(format!(
                "the log {} does not exist; look at the path",
                name(missing)
            )));
        }
        if found.files.contains(&Input::Stdin) && std::mem::replace(&mut stdin, true) {
            return Err(refused(
                "the standard input is given to two sources; it can only be read once",
            ));
        }
        for input in &found.files {
            let Input::File(path) = input else { continue };
            let Ok(whole) = path.canonicalize() else {
                continue;
            };
            if let Some(other) = of.insert(whole, source)
                && other != source
            {
                return Err(refused(format!(
                    "the log {} is given to two sources, {other} and {source}, so its requests would count twice; give it to one",
                    name(path)
                )));
            }
        }
        logs.insert(source.to_owned(), found);
    }
    Ok(logs)
}
