//! Webhooks that deliver to an API. GitHub never shows their secrets, so that one that is
//! deleted can not come back: they are switched off instead.

use deprovision_core::observation::PositiveControl;
use deprovision_core::provider::{GrantState, Outcome, ProviderError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::call::{
    Call, GET_HOOK, GET_ORGANISATION, GET_ORGANISATION_HOOK, LIST_HOOKS, LIST_ORGANISATION_HOOKS,
    UPDATE_HOOK, UPDATE_ORGANISATION_HOOK,
};
use crate::change::About;
use crate::client::Session;
use crate::error::{Failed, invalid};
use crate::grants::bindings::host_of;
use crate::name::RepositoryName;

/// Whose webhook.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    Repository(&'a RepositoryName),
    Organisation(&'a str),
}

/// A webhook, without what may be secret.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Hook {
    pub(super) id: u64,
    pub(super) active: bool,
    #[serde(default)]
    events: Vec<String>,
    #[serde(default)]
    config: Config,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Config {
    #[serde(default)]
    url: Option<String>,
}

/// What is remembered of one that is switched off.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    kind: Kind,
    host: String,
    events: Vec<String>,
    summary: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Webhook,
}

impl Hook {
    pub(super) fn url(&self) -> &str {
        self.config.url.as_deref().unwrap_or_default()
    }
}

impl<'a> Place<'a> {
    fn parameters(self) -> Vec<(&'static str, &'a str)> {
        match self {
            Self::Repository(name) => name.parameters().to_vec(),
            Self::Organisation(name) => vec![("org", name)],
        }
    }

    fn with(self, id: &'a str) -> Vec<(&'static str, &'a str)> {
        let mut parameters = self.parameters();
        parameters.push(("hook_id", id));
        parameters
    }

    fn call(self, of_repository: &'static Call, of_organisation: &'static Call) -> &'static Call {
        match self {
            Self::Repository(_) => of_repository,
            Self::Organisation(_) => of_organisation,
        }
    }

    /// That the same caller still sees where the webhook was.
    async fn control(self, session: &Session) -> Result<PositiveControl, Failed> {
        #[derive(Deserialize)]
        struct Organisation {
            login: String,
        }
        Ok(match self {
            Self::Repository(name) => {
                let about = About::ask(session, name).await?;
                PositiveControl::saw(format!("repository {}", about.full_name))
            }
            Self::Organisation(_) => {
                let seen: Organisation = session.get(&GET_ORGANISATION, &self.parameters()).await?;
                PositiveControl::saw(format!("organisation {}", seen.login))
            }
        })
    }
}

impl std::fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Repository(name) => write!(f, "{name}"),
            Self::Organisation(name) => f.write_str(name),
        }
    }
}

pub(super) async fn list(session: &Session, place: Place<'_>) -> Result<Vec<Hook>, Failed> {
    let call = place.call(&LIST_HOOKS, &LIST_ORGANISATION_HOOKS);
    session.list(call, &place.parameters(), &[]).await
}

pub(super) async fn state(
    session: &Session,
    place: Place<'_>,
    id: &str,
) -> Result<GrantState, Failed> {
    let call = place.call(&GET_HOOK, &GET_ORGANISATION_HOOK);
    let hook: Hook = match session.get(call, &place.with(id)).await {
        Ok(hook) => hook,
        Err(failed) if failed.is_status(404) => {
            return Ok(GrantState::Absent {
                control: place.control(session).await?,
            });
        }
        Err(failed) => return Err(failed),
    };
    if !hook.active {
        return Ok(GrantState::Absent {
            control: PositiveControl::saw(format!("webhook {id} of {place}, switched off")),
        });
    }
    let host = host_of(hook.url()).unwrap_or_else(|| "an address that is none".to_owned());
    let document = Document {
        kind: Kind::Webhook,
        summary: format!("{place} delivers {} to {host}", hook.events.join(", ")),
        host: host.clone(),
        events: hook.events,
    };
    Ok(GrantState::Present {
        principal: format!("webhook {id} of {place} to {host}"),
        document: json!(document),
    })
}

pub(super) async fn remove(
    session: &Session,
    place: Place<'_>,
    id: &str,
) -> Result<Outcome, ProviderError> {
    switch(session, place, id, false).await
}

pub(super) async fn put_back(
    session: &Session,
    place: Place<'_>,
    id: &str,
    document: &Value,
) -> Result<Outcome, ProviderError> {
    const OPERATION: &str = "switch a webhook on again";
    let _: Document = serde_json::from_value(document.clone())
        .map_err(|_| invalid(OPERATION, "the document is none of a webhook"))?;
    switch(session, place, id, true).await
}

async fn switch(
    session: &Session,
    place: Place<'_>,
    id: &str,
    active: bool,
) -> Result<Outcome, ProviderError> {
    let call = place.call(&UPDATE_HOOK, &UPDATE_ORGANISATION_HOOK);
    let body = json!({ "active": active });
    let word = if active { "on" } else { "off" };
    match session.write(call, &place.with(id), Some(&body)).await {
        Ok(_) => Ok(Outcome::done(format!("webhook {id} of {place} is {word}"))),
        Err(failed) if failed.is_status(404) => match place.control(session).await {
            Ok(control) if !active => Ok(Outcome::done(format!(
                "there is no webhook {id}; {control}"
            ))),
            Ok(control) => Ok(Outcome::not_done(format!(
                "webhook {id} was deleted; {control}"
            ))),
            Err(failed) => Err(failed.of_read()),
        },
        Err(failed) => failed.of_write(),
    }
}
