//! Usage as IAM knows it: when a key was last used.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::Client;
use aws_sdk_iam::config::retry::RetryConfig;
use deprovision_core::catalog::Api;
use deprovision_core::id::{ApiId, CallerId};
use deprovision_core::observation::Observation;
use deprovision_core::provider::{CredentialObserver, ErrorKind, ProviderError, UsageSource};
use deprovision_core::time::{Clock, Period, Timestamp, Window};
use deprovision_core::usage::{CallerUse, UsageEvidence};

use crate::call::Call;
use crate::error::{invalid, read};
use crate::iam::IamAccessKeys;
use crate::policy::NeededPolicy;
use crate::scope::Scope;

const LAST_USED: Call = Call::same(&["iam:GetAccessKeyLastUsed"]);

/// How far IAM's knowledge lies behind: AWS says that a use is usually there within
/// four hours
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html>).
const LAG: Period = Period::hours(4);

/// When the access keys of an API were last used, for whatever service, as a
/// [`UsageSource`].
///
/// For APIs that are called with access keys of their own: no use of any key in the
/// window is no call with them. A call with something else is not seen, so that this
/// is a second source beside a log or a metric, and alone only where nothing else
/// lets anybody in.
///
/// # What the answer covers
/// IAM remembers the last use of a key and no other, denied ones too. So the answer is
/// complete when no key was used within the window; when some were, it tells for each
/// that there was at least one call, and is partial.
///
/// A deleted key's last use is gone with it. One that was named
/// ([`with_api`](Self::with_api)) makes the answer partial from then on. Keys that are
/// enumerated ([`with_keys`](Self::with_keys)) are those that are there at the time:
/// the answer is about whoever could still call, and says nothing of a key that was
/// used and deleted within the window. So an API whose keys were retired is quiet
/// again, and a log or a metric has to say that nobody called before.
pub struct LastUsedKeys {
    client: Client,
    name: String,
    clock: Arc<dyn Clock>,
    named: BTreeMap<ApiId, BTreeSet<String>>,
    enumerated: Option<IamAccessKeys>,
}

impl fmt::Debug for LastUsedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastUsedKeys")
            .field("name", &self.name)
            .field("named", &self.named)
            .field("enumerated", &self.enumerated)
            .finish_non_exhaustive()
    }
}

impl LastUsedKeys {
    /// A source of that name over a client of one account.
    #[must_use]
    pub fn new(client: &Client, name: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        let config = client.config().to_builder();
        let config = config.retry_config(RetryConfig::disabled()).build();
        Self {
            client: Client::from_conf(config),
            name: name.into(),
            clock,
            named: BTreeMap::new(),
            enumerated: None,
        }
    }

    /// The API is called with these keys, by their ids (`AKIA…`).
    #[must_use]
    pub fn with_api(
        mut self,
        api: ApiId,
        keys: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let own = self.named.entry(api).or_default();
        own.extend(keys.into_iter().map(Into::into));
        self
    }

    /// APIs are called with the keys that these bind to them, as far as they are there
    /// when usage is read.
    #[must_use]
    pub fn with_keys(mut self, keys: IamAccessKeys) -> Self {
        self.enumerated = Some(keys);
        self
    }

    /// The IAM policy that reading the usage of an API takes.
    #[must_use]
    pub fn permissions(&self, scope: &Scope, api: &ApiId) -> NeededPolicy {
        let users = scope.global_arn("iam", "user/*");
        let needed = NeededPolicy::allowing([(vec![LAST_USED], vec![users])]);
        match &self.enumerated {
            Some(keys) => needed.and(keys.permissions_to_observe(api)),
            None => needed,
        }
    }

    /// The ids of the keys of an API, and why they may not be all.
    async fn keys(&self, api: &ApiId) -> Result<Observation<BTreeSet<String>>, ProviderError> {
        let named = self.named.get(api).cloned().unwrap_or_default();
        let Some(enumerated) = &self.enumerated else {
            return if named.is_empty() {
                let why = format!(
                    "{} has no key of {api}; name them with `with_api` or `with_keys`",
                    self.name
                );
                Err(invalid("read usage from IAM", why))
            } else {
                Ok(Observation::complete(named, self.clock.now()))
            };
        };
        let found = enumerated
            .credentials(&enumerated.issuer_id()?, api)
            .await?;
        Ok(found.map(|ids| {
            let ids = ids.iter().filter_map(|id| id.name().rsplit_once('/'));
            let ids = ids.map(|(_user, key)| key.to_owned());
            named.into_iter().chain(ids).collect()
        }))
    }

    /// The last use of a key; `Err` with why when it is not known.
    async fn last_use(
        &self,
        key: &str,
    ) -> Result<Result<Option<Timestamp>, String>, ProviderError> {
        let answer = self
            .client
            .get_access_key_last_used()
            .access_key_id(key)
            .send()
            .await;
        let answer = match read(LAST_USED, answer) {
            Err(error) if *error.kind() == ErrorKind::NotFound => {
                return Ok(Err(format!("{key} is not there, and its last use with it")));
            }
            answer => answer?,
        };
        let used = answer
            .access_key_last_used()
            .and_then(|used| used.last_used_date());
        match used {
            None => Ok(Ok(None)),
            Some(at) => Timestamp::from_second(at.secs())
                .map(|at| Ok(Some(at)))
                .map_err(|error| {
                    invalid(LAST_USED.operation, "IAM gave a time that is none").with_source(error)
                }),
        }
    }
}

#[async_trait]
impl UsageSource for LastUsedKeys {
    fn name(&self) -> &str {
        &self.name
    }

    fn lag(&self) -> Period {
        LAG
    }

    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError> {
        let now = self.clock.now();
        let found = self.keys(&api.id).await?;
        let (mut last_seen, mut callers) = (None, Vec::new());
        let mut doubts: Vec<String> = found.doubt().into_iter().collect();
        let keys = match found {
            Observation::Known { value, .. } => value,
            Observation::Unknown { why } => return Ok(Observation::Unknown { why }),
        };
        for key in &keys {
            match self.last_use(key).await? {
                Err(why) => doubts.push(why),
                Ok(None) => {}
                Ok(Some(at)) => {
                    last_seen = last_seen.max(Some(at));
                    // Used after the window: whether also in it is forgotten.
                    if at >= window.to {
                        doubts.push(format!("{key} was used at {at}, after the window"));
                    } else if window.contains(at) {
                        let caller = CallerId::parse(key.as_str()).map_err(|error| {
                            invalid(LAST_USED.operation, "write key ids as AKIA…")
                                .with_source(error)
                        })?;
                        callers.push(CallerUse::new(caller, 1, at));
                    }
                }
            }
        }
        if !callers.is_empty() {
            doubts.push("IAM remembers the last use of a key and no other".to_owned());
        }
        if window.to > now {
            doubts.push("the window is not over".to_owned());
        }
        let mut evidence = UsageEvidence::new(
            api.id.clone(),
            &self.name,
            window,
            callers.len() as u64,
            last_seen,
            LAG.before(now),
        );
        evidence.callers = callers;
        Ok(if doubts.is_empty() {
            Observation::complete(evidence, now)
        } else {
            Observation::partial(evidence, now, doubts.join("; "))
        })
    }
}
