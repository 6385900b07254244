//! The file that says what is retired, and how.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use deprovision_core::catalog::{Api, Catalog, EmailAddress, Source};
use deprovision_core::id::{ApiId, PersonId};
use deprovision_core::policy::Policy;
use deprovision_core::resource::GrantId;
use deprovision_core::time::Period;
use deprovision_examples::{Files, Problem};
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
    /// Whom the notices are from.
    pub(crate) from: EmailAddress,
    #[serde(default)]
    pub(crate) path: AccessPath,
    #[serde(default)]
    pub(crate) keys: Keys,
    #[serde(default)]
    pub(crate) secrets: Secrets,
    #[serde(default)]
    pub(crate) grants: Grants,
    pub(crate) usage: Usage,
    pub(crate) archive: Option<Archive>,
    #[serde(default)]
    pub(crate) erase: Erase,
    /// Where the file is, and what is in it.
    #[serde(skip)]
    path_of_file: PathBuf,
    #[serde(skip)]
    text: String,
}

/// How callers are told, and where they call.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccessPath {
    #[serde(default)]
    pub(crate) notice: Notice,
    /// Deploys changes of the API that were never deployed, when a notice or the end of
    /// a brown-out needs a deployment.
    #[serde(default)]
    pub(crate) deploy_undeployed: bool,
    /// URLs under which callers know the API, beside those that API Gateway has.
    #[serde(default)]
    pub(crate) probe: Vec<String>,
    /// What answers 410 in the place of a closed HTTP API.
    pub(crate) gone_backend: Option<String>,
}

/// Who puts `Deprecation` and `Sunset` on the answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notice {
    /// API Gateway.
    #[default]
    Gateway,
    /// The backend, as the owner vouches.
    Backend,
    /// Nobody: people are told, programs are not.
    Nobody,
}

/// Statements that a person looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grants {
    /// They let somebody in without naming the API, and stay.
    #[serde(default)]
    pub(crate) accepted: Vec<GrantId>,
    /// Lambda functions that are the API's alone, by name: their policies are read too.
    #[serde(default)]
    pub(crate) functions: Vec<String>,
}

/// Which access keys of IAM are the API's.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    /// Those of all users below this path.
    pub(crate) path: Option<String>,
    /// Those of users that carry this tag with the API's id.
    pub(crate) user_tag: Option<String>,
    /// Single keys, by a tag on their user: its name is the key's id, its value the API's.
    #[serde(default)]
    pub(crate) key_tags: bool,
    /// Those of these users.
    #[serde(default)]
    pub(crate) users: Vec<String>,
}

impl Keys {
    /// The first field that says which keys.
    pub(crate) fn says(&self) -> Option<&'static str> {
        [
            ("keys.path", self.path.is_some()),
            ("keys.user_tag", self.user_tag.is_some()),
            ("keys.key_tags", self.key_tags),
            ("keys.users", !self.users.is_empty()),
        ]
        .into_iter()
        .find_map(|(field, is_said)| is_said.then_some(field))
    }
}

/// Which secrets of Secrets Manager are the API's.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Secrets {
    /// Those of these names.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// Those that carry this tag with the API's id.
    pub(crate) tag: Option<String>,
}

impl Secrets {
    /// The first field that says which secrets.
    pub(crate) fn says(&self) -> Option<&'static str> {
        [
            ("secrets.names", !self.names.is_empty()),
            ("secrets.tag", self.tag.is_some()),
        ]
        .into_iter()
        .find_map(|(field, is_said)| is_said.then_some(field))
    }
}

/// Where its calls are counted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Usage {
    pub(crate) metrics: Vec<Metric>,
    pub(crate) control: Option<Metric>,
    /// How long the control may be silent.
    pub(crate) control_pause: Period,
    /// Whether the last uses of its access keys count, too.
    #[serde(default)]
    pub(crate) last_used: bool,
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
#[derive(Debug, Clone, Deserialize)]
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
        let text = text(path)?;
        let mut config: Self = toml::from_str(&text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = newlines(&text, start);
            let field = text.lines().nth(line).and_then(|line| line.split_once('='));
            let field = field.map_or_else(String::new, |(name, _)| format!(" {}:", name.trim()));
            let path = path.display();
            format!(
                "{path}:{}:{field} {}",
                line.saturating_add(1),
                error.message()
            )
        })?;
        config.path_of_file = path.to_owned();
        config.text = text;
        Ok(config)
    }

    /// What is wrong with a field, with its file and line.
    pub(crate) fn mistake(&self, field: &str, why: &str) -> String {
        let (table, name) = field.rsplit_once('.').unwrap_or(("", field));
        let mut inside = table.is_empty();
        let line = self.text.lines().zip(1..).find_map(|(line, number)| {
            let line = line.trim();
            if let Some(header) = line.strip_prefix('[') {
                let header = header.trim_matches(['[', ']']);
                inside = header == table;
                if header == field {
                    return Some(number);
                }
            }
            let is_it = line
                .strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with('='));
            (inside && is_it).then_some(number)
        });
        let line = line.map_or_else(String::new, |number: u32| format!("{number}:"));
        format!("{}:{line} {field}: {why}", self.path_of_file.display())
    }

    /// What a path in the file means.
    fn beside(&self, path: &Path) -> PathBuf {
        let folder = self.path_of_file.parent().unwrap_or(Path::new(""));
        folder.join(path)
    }

    pub(crate) fn state(&self) -> Files {
        Files::below(self.beside(&self.state))
    }

    pub(crate) fn catalog(&self) -> Result<Catalog, Problem> {
        let path = self.beside(&self.catalog);
        let name = path.display().to_string();
        Ok(Catalog::read(&[Source::new(&name, &text(&path)?)])?)
    }

    pub(crate) fn policy(&self) -> Result<Policy, Problem> {
        let path = self.beside(&self.policy);
        Ok(Policy::from_toml(
            &path.display().to_string(),
            &text(&path)?,
        )?)
    }

    /// The API that goes.
    pub(crate) fn api(&self, catalog: &Catalog) -> Result<Api, Problem> {
        let found = catalog.apis.get(&self.api).cloned();
        found.ok_or_else(|| {
            let catalog = self.beside(&self.catalog);
            let why = format!(
                "{} has no API {}; correct it, or add it there",
                catalog.display(),
                self.api
            );
            self.mistake("api", &why).into()
        })
    }
}

fn newlines(text: &str, end: usize) -> usize {
    text.bytes().take(end).filter(|b| *b == b'\n').count()
}

fn text(path: &Path) -> Result<String, Problem> {
    std::fs::read_to_string(path)
        .map_err(|error| format!("{} can not be read ({error})", path.display()).into())
}
