//! Archives in the bucket in memory, and a network that loses answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use deprovision_aws::Scope;
use deprovision_aws::s3::{
    ArchiveLock, ArchiveOptions, ArchiveSource, S3Archive, S3Datasets, S3Place,
};
use deprovision_core::conformance::Permits;
use deprovision_core::id::RetirementId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{
    Archiver as _, ByteStream, DatasetReader, ObjectInfo, Outcome, ProviderError,
};
use deprovision_core::resource::{ArchiveId, DatasetId};
use deprovision_core::time::Timestamp;

use crate::s3::bucket::Bucket;

pub(crate) const ACCOUNT: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";

/// The shortest parts that S3 takes.
pub(crate) const PART: usize = 5 << 20;

/// A client whose requests the bucket answers, where none of the rules does.
pub(crate) fn client(bucket: &Bucket, rules: &[&Rule]) -> Client {
    let mut interceptor = MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny);
    for rule in rules {
        interceptor = interceptor.with_rule(rule);
    }
    for rule in bucket.rules() {
        interceptor = interceptor.with_rule(&rule);
    }
    let network = Lossy(aws_smithy_mocks::create_mock_http_client());
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("AKIATEST", "secret", None, None, "tests"))
        .http_client(network)
        .interceptor(interceptor)
        .build();
    Client::from_conf(config)
}

pub(crate) fn scope() -> Scope {
    Scope::new(ACCOUNT, REGION).unwrap()
}

/// The buckets of the account.
pub(crate) fn datasets(bucket: &Bucket, rules: &[&Rule]) -> S3Datasets {
    S3Datasets::new(&client(bucket, rules), scope()).unwrap()
}

/// Archives of some objects that lie elsewhere.
pub(crate) struct Archives {
    pub(crate) bucket: Bucket,
    pub(crate) archive: S3Archive,
    pub(crate) source: DatasetId,
    pub(crate) id: ArchiveId,
    permits: Permits,
}

impl Archives {
    pub(crate) fn of(
        objects: &[(&str, Vec<u8>)],
        bucket: &Bucket,
        options: ArchiveOptions,
        rules: &[&Rule],
    ) -> Self {
        let objects = objects
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), bytes.clone()))
            .collect();
        let source = ArchiveSource::of(Arc::new(Objects(objects)), "memory", "shop", "local");
        let archive = S3Archive::new(
            &client(bucket, rules),
            scope(),
            source.unwrap(),
            S3Place::new("archives", "kept/").unwrap(),
            S3Place::new("scratch", "").unwrap(),
            options.part_size(PART as u64).unwrap(),
        )
        .unwrap();
        let source: DatasetId = "memory:shop:local:orders".parse().unwrap();
        let retirement = RetirementId::parse("retire-orders-v1").unwrap();
        let id = archive.archive_of(&source, &retirement).unwrap();
        Self {
            bucket: bucket.clone(),
            archive,
            source,
            id,
            permits: Permits::new(),
        }
    }

    /// The archive step.
    pub(crate) async fn archive(&self) -> Result<Outcome, ProviderError> {
        let permit = self.permits.permit().await.unwrap();
        self.archive.archive(&self.source, &self.id, &permit).await
    }

    /// The archive step, which works.
    pub(crate) async fn archived(&self) {
        let outcome = self.archive().await;
        assert!(matches!(outcome, Ok(Outcome::Done { .. })), "{outcome:?}");
    }

    /// The archive step, which must not give an archive; what it says.
    pub(crate) async fn refused(&self) -> String {
        let text = self.archive().await.unwrap_err().to_string();
        let state = self.bucket.state();
        let manifest = state.objects.keys().find(|key| key.ends_with(".json"));
        assert_eq!(manifest, None, "{text}");
        text
    }

    pub(crate) async fn discard(&self) -> Result<Outcome, ProviderError> {
        let permit = self.permits.permit().await.unwrap();
        self.archive.discard(&self.id, &permit).await
    }
}

/// Without a lock.
pub(crate) fn unlocked() -> ArchiveOptions {
    ArchiveOptions::new().lock(ArchiveLock::none_as_the_policy_allows())
}

/// The key under which the only object of an archive is stored: always the same one.
pub(crate) async fn key_of(object: &(&str, Vec<u8>)) -> String {
    let elsewhere = Archives::of(
        std::slice::from_ref(object),
        &Bucket::new(),
        unlocked(),
        &[],
    );
    elsewhere.archived().await;
    let state = elsewhere.bucket.state();
    let key = state.objects.keys().find(|key| key.contains("/objects/"));
    key.unwrap().clone()
}

/// Objects that never change.
struct Objects(BTreeMap<String, Vec<u8>>);

#[async_trait]
impl DatasetReader for Objects {
    async fn objects(
        &self,
        _: &DatasetId,
    ) -> Result<Observation<BTreeMap<String, ObjectInfo>>, ProviderError> {
        let info = |(name, bytes): (&String, &Vec<u8>)| {
            (name.clone(), ObjectInfo::new(bytes.len() as u64, "1"))
        };
        let objects = self.0.iter().map(info).collect();
        Ok(Observation::complete(objects, Timestamp::now()))
    }

    async fn open(&self, _: &DatasetId, name: &str) -> Result<ByteStream, ProviderError> {
        Ok(Box::pin(std::io::Cursor::new(self.0[name].clone())))
    }
}

/// An answer with this header does not arrive.
const LOST: &str = "x-lost";

/// An answer that gets lost on its way: `reset` or `time-out`.
pub(crate) fn lost(how: &'static str) -> HttpResponse {
    let mut answer = super::bucket::http(200, "");
    answer.headers_mut().insert(LOST, how);
    answer
}

/// A network that loses answers.
#[derive(Debug)]
struct Lossy(SharedHttpClient);

impl HttpClient for Lossy {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(LossyConnector(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct LossyConnector(SharedHttpConnector);

impl HttpConnector for LossyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            match answer.headers().get(LOST) {
                None => Ok(answer),
                Some("time-out") => Err(ConnectorError::timeout("no answer".into())),
                Some(_) => Err(ConnectorError::io("connection reset".into())),
            }
        })
    }
}
