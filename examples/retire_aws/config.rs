//! The file that says what is retired, and how.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deprovision_core::catalog::{Api, Catalog, Source};
use deprovision_core::id::{ApiId, PersonId};
use deprovision_core::policy::Policy;
use deprovision_core::time::Period;
use deprovision_examples::shop::Problem;
use serde::Deserialize;

/// All of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) account: String,
    pub(crate) region: String,
    catalog: PathBuf,
    policy: PathBuf,
    api: ApiId,
    pub(crate) proposer: PersonId,
    pub(crate) reason: String,
    state: PathBuf,
    #[serde(default)]
    pub(crate) keys: Keys,
    pub(crate) usage: Usage,
    pub(crate) archive: Option<Archive>,
    #[serde(default)]
    pub(crate) erase: Erase,
    /// Where the file is; what it names is relative to that.
    #[serde(skip)]
    folder: PathBuf,
}

/// Which access keys of IAM are the API's.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// Those of all users below this path.
    pub(crate) path: Option<String>,
    /// Those of users that carry this tag with the API's id.
    pub(crate) user_tag: Option<String>,
}

/// Where its calls are counted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Usage {
    pub(crate) metrics: Vec<Metric>,
    pub(crate) control: Option<Metric>,
    /// How long the control may be silent.
    pub(crate) control_pause: Period,
}

/// A metric of CloudWatch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metric {
    pub(crate) namespace: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) dimensions: BTreeMap<String, String>,
}

/// Where its data goes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Archive {
    pub(crate) bucket: String,
    #[serde(default)]
    pub(crate) prefix: String,
    /// The bucket that the drill restores into.
    pub(crate) scratch: String,
    /// For how many days nobody can delete it without a right of their own.
    pub(crate) locked_days: u32,
    pub(crate) kms_key: Option<String>,
}

/// Whether its data is erased.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Erase {
    #[serde(default)]
    pub(crate) after_archive: bool,
}

impl Config {
    /// Reads the file: what is wrong is told with its line.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let mut config: Self = toml::from_str(&text(path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        config.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(config)
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.folder.join(&self.state)
    }

    pub(crate) fn catalog(&self) -> Result<Catalog, Problem> {
        let path = self.folder.join(&self.catalog);
        let name = path.display().to_string();
        Ok(Catalog::read(&[Source::new(&name, &text(&path)?)])?)
    }

    pub(crate) fn policy(&self) -> Result<Policy, Problem> {
        let path = self.folder.join(&self.policy);
        Ok(Policy::from_toml(&path.display().to_string(), &text(&path)?)?)
    }

    /// The API that goes.
    pub(crate) fn api(&self, catalog: &Catalog) -> Result<Api, Problem> {
        let found = catalog.apis.get(&self.api).cloned();
        found.ok_or_else(|| format!("the catalog has no {}; check `api`", self.api).into())
    }
}

fn text(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("{} can not be read ({error})", path.display()).into())
}
