//! Grants on the moto that enforces them, for the suite of core.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use aws_config::SdkConfig;
use deprovision_aws::{Footprint, IamGrants, Scope};
use deprovision_core::conformance::{GrantFixture, Trouble};
use deprovision_core::id::ApiId;
use deprovision_core::provider::{GrantObserver, PermissionAuditor};
use deprovision_core::resource::{GrantId, IssuerId};
use serde_json::json;

use crate::world::{ACCOUNT, REGION, enforcing, with_key};

/// How a user is let in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// By a policy of its own.
    Inline,
    /// By a managed policy.
    Managed,
    /// By a group's policy.
    Group,
}

/// An API that is a bucket, another one, and users who may list them.
pub(crate) struct Buckets {
    way: Way,
    prefix: String,
    iam: aws_sdk_iam::Client,
    grants: IamGrants,
    /// The client of whom each grant lets in.
    holders: Mutex<BTreeMap<GrantId, aws_sdk_s3::Client>>,
    count: AtomicUsize,
}

pub(crate) fn api(name: &str) -> ApiId {
    ApiId::parse(name).unwrap()
}

pub(crate) fn allow(action: &str, resource: &serde_json::Value) -> String {
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource},
    ]})
    .to_string()
}

impl Buckets {
    pub(crate) async fn new(way: Way) -> Self {
        let config = enforcing();
        let prefix = format!("grants-{}-{way:?}", std::process::id()).to_lowercase();
        let s3 = s3(&config);
        let scope = Scope::new(ACCOUNT, REGION).unwrap();
        let iam = aws_sdk_iam::Client::new(&config);
        let mut grants = IamGrants::new(&iam, scope.clone()).with_buckets(&s3);
        for name in ["orders", "bills"] {
            let bucket = format!("{prefix}-{name}");
            s3.create_bucket().bucket(&bucket).send().await.unwrap();
            let footprint = Footprint::empty().bucket(&scope, &bucket, None).unwrap();
            grants = grants.with_api(api(name), footprint);
        }
        // The administrator may do everything, and is looked at here.
        let survey = grants.survey(&api("orders")).await.unwrap();
        let survey = survey.map(|survey| survey.covering);
        let deprovision_core::observation::Observation::Known {
            value: covering, ..
        } = survey
        else {
            panic!("the survey is known");
        };
        let administrator: Vec<GrantId> = covering
            .into_iter()
            .filter(|found| found.principal == "user administrator")
            .map(|found| found.id)
            .collect();
        assert_eq!(administrator.len(), 1);
        Self {
            way,
            prefix,
            iam,
            grants: grants.accepting(administrator),
            holders: Mutex::default(),
            count: AtomicUsize::new(0),
        }
    }

    async fn let_in(&self, name: &str, document: String) -> Result<(), Trouble> {
        match self.way {
            Way::Inline => {
                let put = self.iam.put_user_policy().user_name(name).policy_name("p");
                put.policy_document(document).send().await?;
            }
            Way::Managed => {
                let create = self.iam.create_policy().policy_name(name);
                let policy = create
                    .policy_document(document)
                    .send()
                    .await?
                    .policy
                    .unwrap();
                let attach = self.iam.attach_user_policy().user_name(name);
                attach.policy_arn(policy.arn().unwrap()).send().await?;
            }
            Way::Group => {
                self.iam.create_group().group_name(name).send().await?;
                let put = self
                    .iam
                    .put_group_policy()
                    .group_name(name)
                    .policy_name("p");
                put.policy_document(document).send().await?;
                self.iam
                    .add_user_to_group()
                    .group_name(name)
                    .user_name(name)
                    .send()
                    .await?;
            }
        }
        Ok(())
    }
}

pub(crate) fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(config)
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

#[async_trait]
impl GrantFixture for Buckets {
    fn observer(&self) -> &dyn GrantObserver {
        &self.grants
    }
    fn auditor(&self) -> &dyn PermissionAuditor {
        &self.grants
    }
    fn issuer(&self) -> IssuerId {
        format!("aws-iam:{ACCOUNT}:global:access-keys")
            .parse()
            .unwrap()
    }
    fn api(&self) -> ApiId {
        api("orders")
    }
    fn other_api(&self) -> ApiId {
        api("bills")
    }
    fn foreign(&self) -> GrantId {
        "aws-iam:999999999999:global:user/ci/inline/p#00112233445566778899aabbccddeeff"
            .parse()
            .unwrap()
    }
    async fn grant(&self, api: &ApiId) -> Result<GrantId, Trouble> {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number:03}", self.prefix);
        self.iam.create_user().user_name(&name).send().await?;
        let bucket = format!("arn:aws:s3:::{}-{api}", self.prefix);
        self.let_in(&name, allow("s3:ListBucket", &json!(bucket)))
            .await?;
        let key = self.iam.create_access_key().user_name(&name).send().await?;
        let key = key.access_key.unwrap();
        let client = s3(&with_key(
            &enforcing(),
            key.access_key_id(),
            key.secret_access_key(),
        ));
        let deprovision_core::observation::Observation::Known { value, .. } =
            self.grants.survey(api).await?
        else {
            return Err("the survey is not known".into());
        };
        // A name of three digits at the end: none is the beginning of another.
        let mine: Vec<_> = value
            .naming
            .into_iter()
            .filter(|found| found.principal.contains(&name))
            .collect();
        let [found] = mine.as_slice() else {
            return Err(format!("{name} holds {mine:?}").into());
        };
        self.holders
            .lock()
            .unwrap()
            .insert(found.id.clone(), client);
        Ok(found.id.clone())
    }
    async fn allows(&self, id: &GrantId, api: &ApiId) -> Result<bool, Trouble> {
        let client = self.holders.lock().unwrap()[id].clone();
        let bucket = format!("{}-{api}", self.prefix);
        match client.list_objects_v2().bucket(bucket).send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let code = aws_sdk_s3::error::ProvideErrorMetadata::code(&error).map(str::to_owned);
                match code.as_deref() {
                    Some("AccessDenied") => Ok(false),
                    _ => Err(error.into()),
                }
            }
        }
    }
    fn more_than_a_page(&self) -> usize {
        // moto gives everything in one page; pages are shown with recorded answers.
        4
    }
    async fn undecidable(&self, _: &ApiId, there: bool) -> Result<bool, Trouble> {
        let name = format!("{}-undecidable", self.prefix);
        if there {
            self.iam.create_user().user_name(&name).send().await?;
            let put = self.iam.put_user_policy().user_name(&name).policy_name("p");
            let document = json!({"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Action": "s3:ListBucket",
                "NotResource": "arn:aws:s3:::somewhere-else",
            }});
            put.policy_document(document.to_string()).send().await?;
        } else {
            self.iam
                .delete_user_policy()
                .user_name(&name)
                .policy_name("p")
                .send()
                .await?;
            self.iam.delete_user().user_name(&name).send().await?;
        }
        Ok(true)
    }
    async fn settle(&self) -> Result<(), Trouble> {
        Ok(())
    }
}
