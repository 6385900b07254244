//! Sending requests.

use std::time::{Duration, Instant};

use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::secret::Secret;
use deprovision_core::time::{Period, Timestamp};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Limited};
use octocrab::OctoBody;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::call::{CREATE_INSTALLATION_TOKEN, Call, Effect};
use crate::client::auth::{Kind, Minted};
use crate::client::{Answer, GitHub, pages};
use crate::error::{Failed, invalid};

/// No answer that we ask for is larger.
const MOST_BYTES: usize = 32 << 20;

/// No list that we read has more pages: a server that never ends is none of GitHub's.
const MOST_PAGES: usize = 1_000;

/// A token is renewed so long before it expires.
const BEFORE_EXPIRY: Period = Period::minutes(5);

/// As whom a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum As {
    /// As the token or the app's installation.
    Ourselves,
    /// As the app itself.
    TheApp,
    /// As nobody.
    Nobody,
}

/// Requests that share an end.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    github: GitHub,
    deadline: Option<Instant>,
}

/// What goes into a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) parameters: &'a [(&'a str, &'a str)],
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) body: Option<&'a Value>,
}

impl Session {
    pub(super) fn new(github: GitHub, deadline: Option<Instant>) -> Self {
        Self { github, deadline }
    }

    pub(crate) fn github(&self) -> &GitHub {
        &self.github
    }

    /// What is left of the time for something that may take `most`.
    pub(crate) fn time_left(&self, most: Duration) -> Duration {
        match self.deadline {
            Some(deadline) => most.min(deadline.saturating_duration_since(Instant::now())),
            None => most,
        }
    }

    /// Reads one thing.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        call: &Call,
        parameters: &[(&str, &str)],
    ) -> Result<T, Failed> {
        let asked = Asked {
            parameters,
            query: &[],
            body: None,
        };
        let answer = self.send(call, As::Ourselves, asked).await?;
        Ok(answer.read(call)?)
    }

    /// Reads all pages of a list, each as one `T`.
    pub(crate) async fn pages<T: DeserializeOwned>(
        &self,
        call: &Call,
        who: As,
        parameters: &[(&str, &str)],
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Failed> {
        let mut all_query = vec![("per_page", "100")];
        all_query.extend_from_slice(query);
        let asked = Asked {
            parameters,
            query: &all_query,
            body: None,
        };
        let mut answer = self.send(call, who, asked).await?;
        let mut pages = vec![answer.read(call)?];
        while let Some(next) = answer.next.take() {
            if !self.github.server().is_ours(&next) {
                return Err(invalid(
                    call.to_string(),
                    "the next page lies elsewhere; the server's address is not the one it calls itself by",
                )
                .into());
            }
            if pages.len() >= MOST_PAGES {
                return Err(invalid(call.to_string(), "the list does not end").into());
            }
            answer = self.send_to(call, who, &next, None).await?;
            pages.push(answer.read(call)?);
        }
        Ok(pages)
    }

    /// Reads all pages of a plain list.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        call: &Call,
        parameters: &[(&str, &str)],
        query: &[(&str, &str)],
    ) -> Result<Vec<T>, Failed> {
        let pages: Vec<Vec<T>> = self.pages(call, As::Ourselves, parameters, query).await?;
        Ok(pages.into_iter().flatten().collect())
    }

    /// Writes.
    pub(crate) async fn write(
        &self,
        call: &Call,
        parameters: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Failed> {
        self.write_as(As::Ourselves, call, parameters, body).await
    }

    /// Writes as somebody else.
    pub(crate) async fn write_as(
        &self,
        who: As,
        call: &Call,
        parameters: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, Failed> {
        let asked = Asked {
            parameters,
            query: &[],
            body,
        };
        self.send(call, who, asked).await
    }

    /// Sends one request, when it is its turn.
    pub(crate) async fn send(
        &self,
        call: &Call,
        who: As,
        asked: Asked<'_>,
    ) -> Result<Answer, Failed> {
        let mut url = format!(
            "{}{}",
            self.github.server().api(),
            filled(call, asked.parameters)
        );
        for (index, (key, value)) in asked.query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(&format!("{key}={}", encoded(value, "")));
        }
        self.send_to(call, who, &url, asked.body).await
    }

    async fn send_to(
        &self,
        call: &Call,
        who: As,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failed> {
        let authorization = match who {
            As::Nobody => None,
            As::Ourselves => Some(Box::pin(self.token()).await?),
            As::TheApp => Some(self.jwt()?),
        };
        self.send_with(call, authorization.as_ref(), url, body)
            .await
    }

    /// Sends one request with this token, when it is its turn.
    pub(crate) async fn send_with(
        &self,
        call: &Call,
        token: Option<&Secret>,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Failed> {
        let request = request(call, token, url, body)?;
        let inner = &self.github.inner;
        let _one_write = match call.is_write() {
            true => Some(inner.one_write.lock().await),
            false => None,
        };
        self.wait_for_turn(call).await?;
        let limit = self.time_left(inner.limits.request);
        if limit.is_zero() {
            let error = ProviderError::new(
                ErrorKind::Transient,
                call.to_string(),
                "the time of the permit is over; it is looked at and tried again",
            );
            return Err(error.into());
        }
        let talk = async {
            let response = inner.transport.execute(request).await.ok()?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, MOST_BYTES).collect().await.ok()?;
            Some((parts, body.to_bytes().to_vec()))
        };
        let (parts, body) = match tokio::time::timeout(limit, talk).await {
            Ok(Some(answer)) => answer,
            Ok(None) => return Err(Failed::lost(call, "no answer came")),
            Err(_) => return Err(Failed::lost(call, "no answer came in time")),
        };
        let status = parts.status.as_u16();
        if !parts.status.is_success() {
            let failed = Failed::answered(call, status, &parts.headers, &body, self.github.now());
            if let Some(until) = failed.throttled_until() {
                let wait = Period::between(self.github.now(), until).to_duration();
                self.ledger().block(inner.clock.monotonic() + wait);
            }
            return Err(failed);
        }
        let link = parts
            .headers
            .get("link")
            .and_then(|link| link.to_str().ok());
        Ok(Answer {
            status,
            next: link.and_then(pages::next).map(str::to_owned),
            body,
        })
    }

    fn ledger(&self) -> std::sync::MutexGuard<'_, crate::client::Ledger> {
        // A poisoned ledger still holds what was spent.
        let ledger = &self.github.inner.ledger;
        ledger
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Waits a little, or fails with the time when it is this call's turn.
    async fn wait_for_turn(&self, call: &Call) -> Result<(), Failed> {
        let inner = &self.github.inner;
        let patience = self.time_left(match call.effect {
            Effect::Searches => inner.limits.patience_of_searches,
            Effect::Reads | Effect::Writes | Effect::MakesContent => inner.limits.patience,
        });
        let mut waited = Duration::ZERO;
        loop {
            let wait = {
                let now = inner.clock.monotonic();
                let mut ledger = self.ledger();
                let wait = ledger.turn(call, &inner.limits, now).saturating_sub(now);
                if wait.is_zero() {
                    ledger.spend(call, now);
                    return Ok(());
                }
                wait
            };
            if waited + wait > patience {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                let retry_at = Some(Period::seconds(seconds).after(self.github.now()));
                return Err(ProviderError::new(
                    ErrorKind::Throttled { retry_at },
                    call.to_string(),
                    "the budget of calls to GitHub is used up for now",
                )
                .into());
            }
            waited += wait;
            tokio::time::sleep(wait).await;
        }
    }

    fn jwt(&self) -> Result<Secret, Failed> {
        match &self.github.inner.auth.0 {
            Kind::App(app) => Ok(app.jwt()?),
            Kind::Token(_) => Err(ProviderError::new(
                ErrorKind::Denied,
                "sign as the app",
                "a token is not the app; give `Auth::app_itself`",
            )
            .into()),
        }
    }

    /// The token that goes with requests, and with git.
    pub(crate) async fn token(&self) -> Result<Secret, Failed> {
        let inner = &self.github.inner;
        let app = match &inner.auth.0 {
            Kind::Token(token) => return Ok(token.clone()),
            Kind::App(app) => app,
        };
        let Some(installation) = app.installation else {
            return Err(ProviderError::new(
                ErrorKind::Denied,
                "act as an installation of the app",
                "give `Auth::app` with the number of the installation",
            )
            .into());
        };
        let mut minted = inner.minted.lock().await;
        if let Some(known) = minted.as_ref()
            && BEFORE_EXPIRY.after(self.github.now()) < known.expires
        {
            return Ok(known.token.clone());
        }
        #[derive(Deserialize)]
        struct Token {
            token: String,
            expires_at: Timestamp,
        }
        let call = &CREATE_INSTALLATION_TOKEN;
        let installation = installation.to_string();
        let url = format!(
            "{}{}",
            self.github.server().api(),
            filled(call, &[("installation_id", &installation)])
        );
        let body = json!({});
        let answer = self
            .send_with(call, Some(&app.jwt()?), &url, Some(&body))
            .await?;
        let token: Token = answer.read(call)?;
        let new = Minted {
            token: Secret::new(token.token),
            expires: token.expires_at,
        };
        let token = new.token.clone();
        *minted = Some(new);
        Ok(token)
    }
}

fn request(
    call: &Call,
    token: Option<&Secret>,
    url: &str,
    body: Option<&Value>,
) -> Result<Request<OctoBody>, Failed> {
    let wrong = || invalid(call.to_string(), "the request can not be put together");
    let mut request = Request::builder()
        .method(call.method.clone())
        .uri(url)
        .header(
            USER_AGENT,
            concat!("deprovision/", env!("CARGO_PKG_VERSION")),
        )
        .header(ACCEPT, "application/vnd.github+json")
        .header("x-github-api-version", "2022-11-28");
    if let Some(token) = token {
        let mut value =
            HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
                invalid(
                    "read the token",
                    "it holds what no token holds; check for a line's end",
                )
            })?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let body = match body {
        Some(body) => {
            request = request.header(CONTENT_TYPE, "application/json");
            OctoBody::from(body.to_string())
        }
        None => OctoBody::empty(),
    };
    Ok(request.body(body).map_err(|_| wrong())?)
}

/// The path of a call with its parameters.
fn filled(call: &Call, parameters: &[(&str, &str)]) -> String {
    let mut path = String::with_capacity(call.path.len() + 40);
    for (index, part) in call.path.split('/').enumerate() {
        if index > 0 {
            path.push('/');
        }
        match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
            Some(name) => {
                let value = parameters.iter().find(|(key, _)| *key == name);
                let value = value.map_or("", |(_, value)| value);
                // Only a ref has slashes.
                path.push_str(&encoded(value, if name == "ref" { "/" } else { "" }));
            }
            None => path.push_str(part),
        }
    }
    path
}

fn encoded(text: &str, kept: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric()
            || b"-._~".contains(&byte)
            || kept.as_bytes().contains(&byte)
        {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{GET_REF, GET_REPOSITORY};

    #[test]
    fn a_name_can_not_leave_its_place_in_the_path() {
        let parameters = [
            ("owner", "a"),
            ("repo", "b/../../user"),
            ("ref", "heads/x?y#z"),
        ];
        assert_eq!(
            filled(&GET_REPOSITORY, &parameters),
            "/repos/a/b%2F..%2F..%2Fuser"
        );
        assert_eq!(
            filled(
                &GET_REF,
                &[("owner", "a"), ("repo", "b"), ("ref", "heads/x?y#z")]
            ),
            "/repos/a/b/git/ref/heads/x%3Fy%23z"
        );
    }
}
