//! Keeping the users of an API from creating access keys.

use deprovision_core::digest::Digest;
use deprovision_core::id::ApiId;
use deprovision_core::observation::{Coverage, Observation};
use deprovision_core::provider::{ErrorKind, IssuerState, Outcome, ProviderError};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value, json};

use super::IamAccessKeys;
use super::calls::{DELETE_POLICY, GET_POLICY, PUT_POLICY};
use crate::error::Failed;

/// What is done to every user of an API.
#[derive(Debug, Clone, Copy)]
enum Change {
    Freeze,
    Unfreeze,
}

impl IamAccessKeys {
    /// Frozen, when every user all of whose keys belong to the API carries the policy.
    /// With no such user there is nobody whose new key would be the API's.
    pub(super) async fn issuance(
        &self,
        api: &ApiId,
    ) -> Result<Observation<IssuerState>, ProviderError> {
        let bound = self.bound(api).await?;
        let (value, as_of) = match (bound.doubt(), bound) {
            (None, Observation::Known { value, as_of, .. }) => (value, as_of),
            (doubt, Observation::Known { .. } | Observation::Unknown { .. }) => {
                return Ok(Observation::unknown(doubt.unwrap_or_default()));
            }
        };
        let looks = value
            .users
            .into_iter()
            .map(|user| async move { self.is_frozen(&user, api).await });
        let frozen = stream::iter(looks)
            .buffer_unordered(self.gate.at_once())
            .try_collect::<Vec<bool>>()
            .await?;
        let state = if frozen.into_iter().all(|frozen| frozen) {
            IssuerState::Frozen
        } else {
            IssuerState::Open
        };
        Ok(Observation::complete(state, as_of))
    }

    pub(super) async fn freeze(&self, api: &ApiId) -> Result<Outcome, ProviderError> {
        self.each_user(api, Change::Freeze).await
    }

    pub(super) async fn unfreeze(&self, api: &ApiId) -> Result<Outcome, ProviderError> {
        self.each_user(api, Change::Unfreeze).await
    }

    /// Does something to every user of the API. When some failed, others are changed:
    /// that is settled by looking again.
    async fn each_user(&self, api: &ApiId, change: Change) -> Result<Outcome, ProviderError> {
        let bound = match self.bound(api).await? {
            Observation::Known {
                value,
                coverage: Coverage::Complete,
                ..
            } => value,
            doubtful => {
                return Ok(Outcome::not_done(doubtful.doubt().unwrap_or_default()));
            }
        };
        let changes = bound.users.into_iter().map(|user| async move {
            match change {
                Change::Freeze => self.put_policy(&user, api).await,
                Change::Unfreeze => self.delete_policy(&user, api).await,
            }
        });
        let answers = stream::iter(changes)
            .buffer_unordered(self.gate.at_once())
            .collect::<Vec<_>>()
            .await;
        let users = answers.len();
        let failed: Vec<Failed> = answers.into_iter().filter_map(Result::err).collect();
        let count = failed.len();
        match failed.into_iter().next() {
            None => Ok(Outcome::done(match change {
                Change::Freeze => format!("{users} users are kept from creating keys"),
                Change::Unfreeze => format!("{users} users may create keys again"),
            })),
            Some(first) if count < users => Ok(Outcome::unknown(format!(
                "{count} of {users} users failed, the first with {}",
                first.of_read()
            ))),
            Some(first) => first.of_write(),
        }
    }

    async fn put_policy(&self, user: &str, api: &ApiId) -> Result<(), Failed> {
        let (name, document) = (policy_name(api), policy().to_string());
        self.gate
            .in_bulk(PUT_POLICY, || {
                self.client
                    .put_user_policy()
                    .user_name(user)
                    .policy_name(&name)
                    .policy_document(&document)
                    .send()
            })
            .await
            .map(|_| ())
    }

    async fn delete_policy(&self, user: &str, api: &ApiId) -> Result<(), Failed> {
        let name = policy_name(api);
        let answer = self
            .gate
            .in_bulk(DELETE_POLICY, || {
                self.client
                    .delete_user_policy()
                    .user_name(user)
                    .policy_name(&name)
                    .send()
            })
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(failed) if *failed.kind() == ErrorKind::NotFound => Ok(()),
            Err(failed) => Err(failed),
        }
    }

    async fn is_frozen(&self, user: &str, api: &ApiId) -> Result<bool, ProviderError> {
        let name = policy_name(api);
        let answer = self
            .gate
            .in_bulk(GET_POLICY, || {
                self.client
                    .get_user_policy()
                    .user_name(user)
                    .policy_name(&name)
                    .send()
            })
            .await;
        match answer {
            Ok(answer) => Ok(is_policy(answer.policy_document())),
            Err(failed) if *failed.kind() == ErrorKind::NotFound => Ok(false),
            Err(failed) => Err(failed.of_read()),
        }
    }
}

/// What it is named on the user: one for each API, so that to unfreeze one leaves the
/// other frozen.
fn policy_name(api: &ApiId) -> String {
    const NAME: &str = "deprovision-freeze-issuance";
    let api = api.as_str();
    let fits = api.len() <= 90
        && api
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if fits {
        format!("{NAME}.{api}")
    } else {
        let digest = Digest::of_bytes(api.as_bytes()).to_string();
        let digest = digest.rsplit(':').next().unwrap_or_default();
        format!("{NAME}.{digest}")
    }
}

/// For every resource: these users must not create keys for each other either.
fn policy() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "DeprovisionFreezeIssuance",
            "Effect": "Deny",
            "Action": "iam:CreateAccessKey",
            "Resource": "*",
        }],
    })
}

/// Whether a document, percent-encoded as IAM gives it, is the policy.
fn is_policy(document: &str) -> bool {
    serde_json::from_slice::<Value>(&decoded(document)).is_ok_and(|document| document == policy())
}

fn decoded(text: &str) -> Vec<u8> {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let [byte, after @ ..] = rest {
        let hex = |byte: &u8| char::from(*byte).to_digit(16);
        let escaped = match rest {
            [b'%', high, low, after @ ..] => hex(high)
                .zip(hex(low))
                .and_then(|(high, low)| u8::try_from(high * 16 + low).ok())
                .map(|byte| (byte, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*byte, after));
        decoded.push(byte);
        rest = after;
    }
    decoded
}

#[cfg(test)]
mod unit {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_policy_is_known_again_encoded_or_not_and_no_other_is_taken_for_it() {
        let plain = policy().to_string();
        let encoded: String = plain.bytes().map(|byte| format!("%{byte:02X}")).collect();
        assert!(is_policy(&plain) && is_policy(&encoded));
        for other in [
            plain.replace("Deny", "Allow"),
            plain.replace("iam:CreateAccessKey", "iam:CreateUser"),
            plain.replace("\"*\"", "\"arn:aws:iam::123456789012:user/x\""),
            String::new(),
            "%".to_owned(),
        ] {
            assert!(!is_policy(&other), "{other}");
        }
    }

    #[test]
    fn every_api_has_a_policy_name_of_its_own_that_iam_takes() {
        let name = |api: &str| policy_name(&ApiId::parse(api).unwrap());
        assert_eq!(name("orders-v1"), "deprovision-freeze-issuance.orders-v1");
        assert_ne!(name("a/b"), name("a:b"));
    }

    proptest! {
        #[test]
        fn a_policy_name_is_one_of_iam(api in "[a-z][a-z0-9._/@:+#-]{0,255}") {
            if let Ok(api) = ApiId::parse(api) {
                let name = policy_name(&api);
                prop_assert!(name.len() <= 128, "{name}");
                prop_assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b)), "{name}");
            }
        }

        #[test]
        fn any_text_is_decoded_or_left(text in ".{0,80}") {
            let _ = decoded(&text);
        }
    }
}
