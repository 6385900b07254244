//! A bucket in memory behind the SDK, for what AWS does and no server here: it keeps
//! KMS keys, storage classes and locks, gives the checksums of parts, and lists in
//! pages as short as a test wants. Tests put their own rules before its.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::abort_multipart_upload::AbortMultipartUploadOutput;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadOutput;
use aws_sdk_s3::operation::create_multipart_upload::CreateMultipartUploadOutput;
use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
use aws_sdk_s3::operation::get_bucket_versioning::GetBucketVersioningOutput;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object_lock_configuration::GetObjectLockConfigurationOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::list_multipart_uploads::ListMultipartUploadsOutput;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::list_parts::ListPartsOutput;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::operation::put_object_retention::PutObjectRetentionOutput;
use aws_sdk_s3::operation::upload_part::UploadPartOutput;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    BucketVersioningStatus, CompletedPart, DeletedObject, Error, MultipartUpload, Object,
    ObjectLockConfiguration, ObjectLockEnabled, ObjectLockMode, ObjectVersion, Part,
};
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;

/// A version of an object.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) version: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) lock: Lock,
    pub(crate) sha256: Option<String>,
    pub(crate) crc64: Option<String>,
}

impl Kept {
    fn etag(&self) -> String {
        format!("\"etag of {}\"", self.version)
    }
}

/// Mode and end of a lock.
pub(crate) type Lock = Option<(ObjectLockMode, DateTime)>;

/// An upload that was begun.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begun {
    pub(crate) key: String,
    pub(crate) lock: Lock,
    pub(crate) parts: BTreeMap<i32, SentPart>,
}

/// A part that was sent.
#[derive(Debug, Clone)]
pub(crate) struct SentPart {
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: String,
    pub(crate) crc64: Option<String>,
}

/// How an object was to be stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) operation: &'static str,
    pub(crate) owner: Option<String>,
    pub(crate) encryption: Option<String>,
    pub(crate) kms_key: Option<String>,
    pub(crate) storage: Option<String>,
    pub(crate) lock: Lock,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) versioning: Option<BucketVersioningStatus>,
    pub(crate) can_lock: bool,
    /// How many entries a page of a list has.
    pub(crate) page: usize,
    /// The versions of each key, the oldest first.
    pub(crate) objects: BTreeMap<String, Vec<Kept>>,
    pub(crate) uploads: BTreeMap<String, Begun>,
    pub(crate) told: Vec<Told>,
    /// The operations that came, in their order.
    pub(crate) sent: Vec<&'static str>,
    /// The parts that came, and those that completed an upload.
    pub(crate) parts_sent: Vec<i32>,
    pub(crate) completed: Vec<Vec<CompletedPart>>,
    next: u32,
}

impl State {
    fn new_id(&mut self, what: &str) -> String {
        self.next += 1;
        format!("{what}-{}", self.next)
    }

    fn current(&self, key: &str) -> Option<&Kept> {
        self.objects.get(key)?.last()
    }

    fn found(&self, key: &str, version: Option<&str>) -> Option<&Kept> {
        match version {
            None => self.current(key),
            Some(id) => self
                .objects
                .get(key)?
                .iter()
                .find(|kept| kept.version == id),
        }
    }

    /// Whether the conditions of a write hold.
    fn may_write(&self, key: &str, none_match: Option<&str>, if_match: Option<&str>) -> bool {
        let etag = self.current(key).map(Kept::etag);
        !(none_match == Some("*") && etag.is_some())
            && if_match.is_none_or(|wanted| etag.as_deref() == Some(wanted))
    }

    fn keep(&mut self, key: &str, kept: Kept) {
        self.objects.entry(key.to_owned()).or_default().push(kept);
    }

    /// How often an operation came.
    pub(crate) fn times(&self, operation: &str) -> usize {
        self.sent.iter().filter(|sent| **sent == operation).count()
    }
}

/// The bucket. Clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct Bucket(Arc<Mutex<State>>);

/// The time of everything that is stored.
const THEN: i64 = 1_600_000_000;

impl Bucket {
    /// With versions and Object Lock, and all of a list in one page.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            versioning: Some(BucketVersioningStatus::Enabled),
            can_lock: true,
            page: 1000,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            told: Vec::new(),
            sent: Vec::new(),
            parts_sent: Vec::new(),
            completed: Vec::new(),
            next: 0,
        })))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Stores bytes behind everybody's back.
    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        let mut state = self.state();
        let version = state.new_id("version");
        let kept = Kept {
            version,
            bytes: bytes.to_vec(),
            lock: None,
            sha256: None,
            crc64: None,
        };
        state.keep(key, kept);
    }

    fn on(&self, operation: &'static str) -> MutexGuard<'_, State> {
        let mut state = self.state();
        state.sent.push(operation);
        state
    }

    /// What it answers to each operation.
    pub(crate) fn rules(&self) -> Vec<Rule> {
        let mut rules = self.rules_of_the_bucket();
        rules.extend(self.rules_of_objects());
        rules.extend(self.rules_of_uploads());
        rules
    }

    fn rules_of_the_bucket(&self) -> Vec<Rule> {
        let [versioning, locking, objects, versions] = [(); 4].map(|()| self.clone());
        vec![
            mock!(Client::get_bucket_versioning).then_compute_output(move |_| {
                let state = versioning.on("GetBucketVersioning");
                GetBucketVersioningOutput::builder()
                    .set_status(state.versioning.clone())
                    .build()
            }),
            mock!(Client::get_object_lock_configuration).then_compute_response(move |_| {
                if !locking.on("GetObjectLockConfiguration").can_lock {
                    return refusal(404, "ObjectLockConfigurationNotFoundError");
                }
                let enabled = ObjectLockConfiguration::builder()
                    .object_lock_enabled(ObjectLockEnabled::Enabled)
                    .build();
                MockResponse::Output(
                    GetObjectLockConfigurationOutput::builder()
                        .object_lock_configuration(enabled)
                        .build(),
                )
            }),
            mock!(Client::list_objects_v2).then_compute_output(move |input| {
                let state = objects.on("ListObjectsV2");
                let prefix = input.prefix().unwrap_or_default();
                let all: Vec<&String> = state
                    .objects
                    .keys()
                    .filter(|key| key.starts_with(prefix))
                    .collect();
                let begin = input.continuation_token().map_or(0, |n| n.parse().unwrap());
                let end = all.len().min(begin + state.page);
                let page = all[begin..end].iter().map(|key| {
                    let kept = state.current(key).unwrap();
                    Object::builder()
                        .key(*key)
                        .size(i64::try_from(kept.bytes.len()).unwrap())
                        .e_tag(kept.etag())
                        .last_modified(DateTime::from_secs(THEN))
                        .build()
                });
                ListObjectsV2Output::builder()
                    .set_contents(Some(page.collect()))
                    .is_truncated(end < all.len())
                    .set_next_continuation_token((end < all.len()).then(|| end.to_string()))
                    .build()
            }),
            mock!(Client::list_object_versions).then_compute_output(move |input| {
                let state = versions.on("ListObjectVersions");
                let prefix = input.prefix().unwrap_or_default();
                let all: Vec<ObjectVersion> = state
                    .objects
                    .iter()
                    .filter(|(key, _)| key.starts_with(prefix))
                    .flat_map(|(key, kept)| {
                        kept.iter().rev().enumerate().map(move |(age, kept)| {
                            ObjectVersion::builder()
                                .key(key)
                                .version_id(&kept.version)
                                .is_latest(age == 0)
                                .size(i64::try_from(kept.bytes.len()).unwrap())
                                .e_tag(kept.etag())
                                .last_modified(DateTime::from_secs(THEN))
                                .build()
                        })
                    })
                    .collect();
                let after = input
                    .key_marker()
                    .map(|key| (Some(key), input.version_id_marker()));
                let begin = after.map_or(0, |after| {
                    let is_it = |v: &ObjectVersion| (v.key(), v.version_id()) == after;
                    all.iter().position(is_it).unwrap() + 1
                });
                let end = all.len().min(begin + state.page);
                let last = (end < all.len()).then(|| all[end - 1].clone());
                ListObjectVersionsOutput::builder()
                    .set_versions(Some(all[begin..end].to_vec()))
                    .is_truncated(last.is_some())
                    .set_next_key_marker(last.as_ref().and_then(|v| v.key.clone()))
                    .set_next_version_id_marker(last.and_then(|v| v.version_id))
                    .build()
            }),
        ]
    }

    fn rules_of_objects(&self) -> Vec<Rule> {
        let [put, get, head, retention, delete] = [(); 5].map(|()| self.clone());
        vec![
            mock!(Client::put_object).then_compute_response(move |input| {
                let mut state = put.on("PutObject");
                let lock = lock_of(
                    input.object_lock_mode(),
                    input.object_lock_retain_until_date(),
                );
                state.told.push(Told {
                    operation: "PutObject",
                    owner: input.expected_bucket_owner().map(str::to_owned),
                    encryption: input.server_side_encryption().map(ToString::to_string),
                    kms_key: input.ssekms_key_id().map(str::to_owned),
                    storage: input.storage_class().map(ToString::to_string),
                    lock: lock.clone(),
                });
                let key = input.key().unwrap();
                if !state.may_write(key, input.if_none_match(), input.if_match()) {
                    return refusal(412, "PreconditionFailed");
                }
                let kept = Kept {
                    version: state.new_id("version"),
                    bytes: input.body().bytes().unwrap().to_vec(),
                    lock,
                    sha256: input.checksum_sha256().map(str::to_owned),
                    crc64: None,
                };
                let answer = PutObjectOutput::builder()
                    .e_tag(kept.etag())
                    .version_id(&kept.version)
                    .set_checksum_sha256(kept.sha256.clone())
                    .build();
                state.keep(key, kept);
                MockResponse::Output(answer)
            }),
            mock!(Client::get_object).then_compute_response(move |input| {
                let state = get.on("GetObject");
                let Some(kept) = state.found(input.key().unwrap(), input.version_id()) else {
                    return refusal(404, "NoSuchKey");
                };
                let (mode, until) = kept.lock.clone().unzip();
                MockResponse::Output(
                    GetObjectOutput::builder()
                        .version_id(&kept.version)
                        .e_tag(kept.etag())
                        .body(ByteStream::from(kept.bytes.clone()))
                        .set_object_lock_mode(mode)
                        .set_object_lock_retain_until_date(until)
                        .build(),
                )
            }),
            mock!(Client::head_object).then_compute_response(move |input| {
                let state = head.on("HeadObject");
                match state.found(input.key().unwrap(), input.version_id()) {
                    Some(kept) => MockResponse::Output(head_of(kept)),
                    None => refusal(404, ""),
                }
            }),
            mock!(Client::put_object_retention).then_compute_output(move |input| {
                let mut state = retention.on("PutObjectRetention");
                let wanted = input.retention().unwrap();
                let lock = (
                    ObjectLockMode::from(wanted.mode().unwrap().as_str()),
                    *wanted.retain_until_date().unwrap(),
                );
                let version = input.version_id().unwrap();
                for kept in state.objects.get_mut(input.key().unwrap()).unwrap() {
                    if kept.version == version {
                        kept.lock = Some(lock.clone());
                    }
                }
                PutObjectRetentionOutput::builder().build()
            }),
            mock!(Client::delete_objects).then_compute_output(move |input| {
                let mut state = delete.on("DeleteObjects");
                let mut answer = DeleteObjectsOutput::builder();
                for doomed in input.delete().unwrap().objects() {
                    let versions = state.objects.entry(doomed.key().to_owned()).or_default();
                    let is_it = |kept: &Kept| Some(kept.version.as_str()) == doomed.version_id();
                    if versions
                        .iter()
                        .any(|kept| is_it(kept) && kept.lock.is_some())
                    {
                        let error = Error::builder()
                            .key(doomed.key())
                            .code("AccessDenied")
                            .build();
                        answer = answer.errors(error);
                        continue;
                    }
                    versions.retain(|kept| !is_it(kept));
                    let gone = DeletedObject::builder()
                        .key(doomed.key())
                        .set_version_id(doomed.version_id().map(str::to_owned));
                    answer = answer.deleted(gone.build());
                }
                state.objects.retain(|_, versions| !versions.is_empty());
                answer.build()
            }),
        ]
    }

    fn rules_of_uploads(&self) -> Vec<Rule> {
        let [uploads, parts, create, upload, complete, abort] = [(); 6].map(|()| self.clone());
        vec![
            mock!(Client::list_multipart_uploads).then_compute_output(move |input| {
                let state = uploads.on("ListMultipartUploads");
                let prefix = input.prefix().unwrap_or_default();
                let mut all: Vec<(&str, &str)> = state
                    .uploads
                    .iter()
                    .map(|(id, begun)| (begun.key.as_str(), id.as_str()))
                    .filter(|(key, _)| key.starts_with(prefix))
                    .collect();
                all.sort_unstable();
                let after = input.key_marker().zip(input.upload_id_marker());
                let begin = after.map_or(0, |after| all.partition_point(|upload| *upload <= after));
                let end = all.len().min(begin + state.page);
                let page = all[begin..end]
                    .iter()
                    .map(|(key, id)| MultipartUpload::builder().key(*key).upload_id(*id).build());
                let last = (end < all.len()).then(|| all[end - 1]);
                ListMultipartUploadsOutput::builder()
                    .set_uploads(Some(page.collect()))
                    .is_truncated(last.is_some())
                    .set_next_key_marker(last.map(|(key, _)| key.to_owned()))
                    .set_next_upload_id_marker(last.map(|(_, id)| id.to_owned()))
                    .build()
            }),
            mock!(Client::list_parts).then_compute_response(move |input| {
                let state = parts.on("ListParts");
                let Some(begun) = state.uploads.get(input.upload_id().unwrap()) else {
                    return refusal(404, "NoSuchUpload");
                };
                let after: i32 = input.part_number_marker().map_or(0, |n| n.parse().unwrap());
                let all: Vec<Part> = begun
                    .parts
                    .range(after + 1..)
                    .map(|(number, sent)| {
                        Part::builder()
                            .part_number(*number)
                            .size(i64::try_from(sent.bytes.len()).unwrap())
                            .e_tag(&sent.etag)
                            .set_checksum_crc64_nvme(sent.crc64.clone())
                            .build()
                    })
                    .collect();
                let more = all.len() > state.page;
                let page: Vec<Part> = all.into_iter().take(state.page).collect();
                let last = page.last().and_then(|part| part.part_number);
                MockResponse::Output(
                    ListPartsOutput::builder()
                        .is_truncated(more)
                        .set_next_part_number_marker(last.filter(|_| more).map(|n| n.to_string()))
                        .set_parts(Some(page))
                        .build(),
                )
            }),
            mock!(Client::create_multipart_upload).then_compute_output(move |input| {
                let mut state = create.on("CreateMultipartUpload");
                let lock = lock_of(
                    input.object_lock_mode(),
                    input.object_lock_retain_until_date(),
                );
                state.told.push(Told {
                    operation: "CreateMultipartUpload",
                    owner: input.expected_bucket_owner().map(str::to_owned),
                    encryption: input.server_side_encryption().map(ToString::to_string),
                    kms_key: input.ssekms_key_id().map(str::to_owned),
                    storage: input.storage_class().map(ToString::to_string),
                    lock: lock.clone(),
                });
                let id = state.new_id("upload");
                let begun = Begun {
                    key: input.key().unwrap().to_owned(),
                    lock,
                    parts: BTreeMap::new(),
                };
                state.uploads.insert(id.clone(), begun);
                CreateMultipartUploadOutput::builder().upload_id(id).build()
            }),
            mock!(Client::upload_part).then_compute_response(move |input| {
                let mut state = upload.on("UploadPart");
                let number = input.part_number().unwrap();
                state.parts_sent.push(number);
                let etag = format!("\"part {number}, sent now\"");
                let Some(begun) = state.uploads.get_mut(input.upload_id().unwrap()) else {
                    return refusal(404, "NoSuchUpload");
                };
                let sent = SentPart {
                    bytes: input.body().bytes().unwrap().to_vec(),
                    etag: etag.clone(),
                    crc64: input.checksum_crc64_nvme().map(str::to_owned),
                };
                begun.parts.insert(number, sent);
                MockResponse::Output(UploadPartOutput::builder().e_tag(etag).build())
            }),
            mock!(Client::complete_multipart_upload).then_compute_response(move |input| {
                let mut state = complete.on("CompleteMultipartUpload");
                let id = input.upload_id().unwrap();
                let Some(begun) = state.uploads.get(id).cloned() else {
                    return refusal(404, "NoSuchUpload");
                };
                let key = input.key().unwrap();
                if !state.may_write(key, input.if_none_match(), input.if_match()) {
                    return refusal(412, "PreconditionFailed");
                }
                let named = input.multipart_upload().unwrap().parts().to_vec();
                let mut bytes = Vec::new();
                for part in &named {
                    let Some(sent) = begun.parts.get(&part.part_number().unwrap()) else {
                        return refusal(400, "InvalidPart");
                    };
                    bytes.extend_from_slice(&sent.bytes);
                }
                state.completed.push(named);
                state.uploads.remove(id);
                let kept = Kept {
                    version: state.new_id("version"),
                    bytes,
                    lock: begun.lock,
                    sha256: None,
                    crc64: input.checksum_crc64_nvme().map(str::to_owned),
                };
                let answer = CompleteMultipartUploadOutput::builder()
                    .e_tag(kept.etag())
                    .version_id(&kept.version)
                    .build();
                state.keep(key, kept);
                MockResponse::Output(answer)
            }),
            mock!(Client::abort_multipart_upload).then_compute_response(move |input| {
                let mut state = abort.on("AbortMultipartUpload");
                match state.uploads.remove(input.upload_id().unwrap()) {
                    Some(_) => MockResponse::Output(AbortMultipartUploadOutput::builder().build()),
                    None => refusal(404, "NoSuchUpload"),
                }
            }),
        ]
    }
}

/// What a look at a version says.
pub(crate) fn head_of(kept: &Kept) -> HeadObjectOutput {
    let (mode, until) = kept.lock.clone().unzip();
    HeadObjectOutput::builder()
        .version_id(&kept.version)
        .e_tag(kept.etag())
        .content_length(i64::try_from(kept.bytes.len()).unwrap())
        .set_checksum_sha256(kept.sha256.clone())
        .set_checksum_crc64_nvme(kept.crc64.clone())
        .set_object_lock_mode(mode)
        .set_object_lock_retain_until_date(until)
        .build()
}

fn lock_of(mode: Option<&ObjectLockMode>, until: Option<&DateTime>) -> Lock {
    mode.cloned().zip(until.copied())
}

/// An error as S3 writes it.
pub(crate) fn http(status: u16, code: &str) -> HttpResponse {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>m</Message></Error>"
    );
    HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body))
}

pub(crate) fn refusal<O: fmt::Debug, E: fmt::Debug>(status: u16, code: &str) -> MockResponse<O, E> {
    MockResponse::Http(http(status, code))
}
