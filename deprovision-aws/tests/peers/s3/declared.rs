//! What is sent is what the printed policies allow, and they allow nothing else: each
//! task goes through a gate that reads requests as AWS does and lets in what the policy
//! of the task allows, on the buckets and keys that it names.
//!
//! The gate is ours: it shows that the policies fit AWS's table of actions
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>)
//! as it is understood here. That a server enforces them shows `permissions.rs`, for the
//! actions that moto knows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use deprovision_aws::NeededPolicy;
use deprovision_core::conformance::Permits;
use deprovision_core::id::{ApiId, RetirementId};
use deprovision_core::permit::{EraseWarrant, SourceState, run_restore_drill, verify_archive};
use deprovision_core::provider::{Archiver as _, Eraser as _, Outcome};

use crate::proxy::{After, Answer, Before, Lie, Request};
use crate::s3::fixture::{Kind, Store, key_of, place};
use crate::s3::guards::permit;

/// An action on an ARN.
type Need = (String, String);

/// Lets in what a policy allows.
#[derive(Debug, Clone, Default)]
struct Gate(Arc<Mutex<Passing>>);

#[derive(Debug, Default)]
struct Passing {
    /// `None` lets everything in.
    policy: Option<NeededPolicy>,
    /// The actions that were needed and the resource of the policy that allowed them.
    used: BTreeSet<Need>,
    refused: Vec<Need>,
}

impl Passing {
    /// Whether the policy allows it; notes which part of it does.
    fn lets_in(&mut self, (action, arn): Need) -> bool {
        let Some(policy) = &self.policy else {
            return true;
        };
        let fits = |pattern: &&String| match pattern.strip_suffix('*') {
            Some(begin) => arn.starts_with(begin),
            None => **pattern == arn,
        };
        let found = policy
            .statement
            .iter()
            .filter(|statement| statement.action.contains(action.as_str()))
            .find_map(|statement| statement.resource.iter().find(fits));
        match found {
            Some(pattern) => {
                self.used.insert((action, pattern.clone()));
                true
            }
            None => {
                self.refused.push((action, arn));
                false
            }
        }
    }
}

impl Gate {
    /// From now on only what the policy allows.
    fn allow(&self, policy: &NeededPolicy) {
        let mut passing = self.0.lock().unwrap();
        passing.policy = Some(policy.clone());
        passing.used.clear();
        passing.refused.clear();
    }

    /// Lets everything in; what was used of the policy.
    fn open(&self) -> BTreeSet<Need> {
        let mut passing = self.0.lock().unwrap();
        passing.policy = None;
        assert_eq!(passing.refused, [], "not declared");
        std::mem::take(&mut passing.used)
    }

    fn refused(&self) -> BTreeSet<String> {
        let mut passing = self.0.lock().unwrap();
        passing.policy = None;
        let refused = std::mem::take(&mut passing.refused);
        refused.into_iter().map(|(action, _)| action).collect()
    }
}

impl Lie for Gate {
    fn before(&self, request: &Request) -> Before {
        let mut passing = self.0.lock().unwrap();
        for need in needs(request) {
            if !passing.lets_in(need) {
                return Before::Answer(Answer::error(403, "AccessDenied"));
            }
        }
        Before::Pass
    }

    fn after(&self, request: &Request, answer: &mut Answer) -> After {
        let mut passing = self.0.lock().unwrap();
        let (bucket, object, _) = parts(request);
        let is_locked = answer
            .headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("x-amz-object-lock-mode"));
        if is_locked && !passing.lets_in(("s3:GetObjectRetention".to_owned(), object.clone())) {
            answer.remove_header("x-amz-object-lock");
        }
        // What is not there is not told to those who may not list.
        if answer.status == 404
            && object != format!("{bucket}/")
            && !passing.lets_in(("s3:ListBucket".to_owned(), bucket))
        {
            *answer = Answer::error(403, "AccessDenied");
        }
        After::Pass
    }
}

/// The ARN of the bucket, that of the object, and the query.
fn parts(request: &Request) -> (String, String, BTreeSet<String>) {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let path = path.trim_start_matches('/');
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let names = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap().to_owned());
    (
        format!("arn:aws:s3:::{bucket}"),
        format!("arn:aws:s3:::{bucket}/{}", key.replace("%20", " ")),
        names.filter(|name| !name.is_empty()).collect(),
    )
}

/// What AWS wants to be allowed for a request, by its method, path, query and headers.
fn needs(request: &Request) -> Vec<Need> {
    let (bucket, object, query) = parts(request);
    let is = |name: &str| query.contains(name);
    let of_bucket = |action: &str| vec![(format!("s3:{action}"), bucket.clone())];
    let of_object = |action: &str| vec![(format!("s3:{action}"), object.clone())];
    let is_object = object != format!("{bucket}/");
    let storing = || {
        let mut needs = of_object("PutObject");
        if request.header("x-amz-object-lock-mode").is_some() {
            needs.extend(of_object("PutObjectRetention"));
        }
        needs
    };
    match (request.method.as_str(), is_object) {
        ("GET", false) if is("versioning") => of_bucket("GetBucketVersioning"),
        ("GET", false) if is("object-lock") => of_bucket("GetBucketObjectLockConfiguration"),
        ("GET", false) if is("versions") => of_bucket("ListBucketVersions"),
        ("GET", false) if is("uploads") => of_bucket("ListBucketMultipartUploads"),
        ("GET", false) if is("list-type") => of_bucket("ListBucket"),
        ("POST", false) if is("delete") => doomed(request, &bucket),
        ("GET", true) if is("uploadId") => of_object("ListMultipartUploadParts"),
        ("GET" | "HEAD", true) if is("versionId") => of_object("GetObjectVersion"),
        ("GET" | "HEAD", true) => of_object("GetObject"),
        ("PUT", true) if is("retention") => of_object("PutObjectRetention"),
        ("PUT", true) if is("partNumber") => of_object("PutObject"),
        ("PUT", true) => storing(),
        ("POST", true) if is("uploads") => storing(),
        ("POST", true) if is("uploadId") => of_object("PutObject"),
        ("DELETE", true) if is("uploadId") => of_object("AbortMultipartUpload"),
        // Nothing allows that.
        _ => of_bucket(&format!("{} {}", request.method, request.path)),
    }
}

/// What each object of a deletion needs.
fn doomed(request: &Request, bucket: &str) -> Vec<Need> {
    let body = String::from_utf8_lossy(&request.body);
    body.split("<Object>")
        .skip(1)
        .map(|object| {
            let key = object.split("<Key>").nth(1).unwrap();
            let key = key.split("</Key>").next().unwrap();
            let action = if object.contains("<VersionId>") {
                "s3:DeleteObjectVersion"
            } else {
                "s3:DeleteObject"
            };
            (action.to_owned(), format!("{bucket}/{key}"))
        })
        .collect()
}

/// All that a policy allows, without the names that only this run has.
fn declared(policy: &NeededPolicy, store: &Store) -> BTreeSet<Need> {
    let mut all = BTreeSet::new();
    for statement in &policy.statement {
        for resource in &statement.resource {
            for action in &statement.action {
                all.insert(((*action).to_owned(), resource.clone()));
            }
        }
    }
    plain(all, store)
}

fn plain(needs: BTreeSet<Need>, store: &Store) -> BTreeSet<Need> {
    needs
        .into_iter()
        .map(|(action, arn)| {
            let arn = arn
                .replace("arn:aws:s3:::", "")
                .replace(&store.data, "data")
                .replace(&store.archives, "archives")
                .replace(&store.scratch, "scratch");
            (action.replace("s3:", ""), arn)
        })
        .collect()
}

/// What was declared and what was used of it, over all kinds of buckets.
#[derive(Debug, Default)]
struct Task {
    declared: BTreeSet<Need>,
    used: BTreeSet<Need>,
}

impl Task {
    fn add(&mut self, policy: &NeededPolicy, used: BTreeSet<Need>, store: &Store) {
        self.declared.extend(declared(policy, store));
        self.used.extend(plain(used, store));
    }

    /// Nothing is declared for nothing, but for what is named with its reason.
    fn expect_needed(&self, but: &[(&str, &str, &str)]) {
        let idle: BTreeSet<(&str, &str)> = self
            .declared
            .difference(&self.used)
            .map(|(action, on)| (action.as_str(), on.as_str()))
            .collect();
        let named: BTreeSet<(&str, &str)> =
            but.iter().map(|(action, on, _)| (*action, *on)).collect();
        assert_eq!(idle, named, "declared and not sent, and what is named so");
    }
}

fn done(outcome: Outcome) {
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
}

/// Begins an upload, as somebody who died would have.
async fn begin(store: &Store, bucket: &str, key: &str) {
    store
        .raw
        .create_multipart_upload()
        .bucket(bucket)
        .key(key)
        .send()
        .await
        .unwrap();
}

/// Archives under a new retirement: over what a worker that died has begun, and over a
/// finished one of which the source has newer objects.
async fn archive(store: &mut Store) {
    store.archive_now().await.unwrap();
    let long = store.key_in(&store.archive_id(), "v1/long").await;
    let name = long.rsplit_once('/').unwrap().1.to_owned();
    store.retirement = RetirementId::parse("another").unwrap();
    let below = key_of(&store.archive_id());
    for begun in [format!("objects/{name}"), "objects/of-old".to_owned()] {
        begin(store, &store.archives, &format!("{below}/{begun}")).await;
    }
    store.archive_now().await.unwrap();
    store.put(&store.data, "v1/b", b"newer").await;
    store.archive_now().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_a_task_is_declared_and_nothing_is_declared_for_nothing() {
    let [
        mut reading,
        mut archiving,
        mut verifying,
        mut restoring,
        mut discarding,
        mut erasing,
    ] = [(); 6].map(|()| Task::default());
    for kind in [Kind::Plain, Kind::Versioned, Kind::Locked] {
        let gate = Gate::default();
        let mut store = Store::behind(kind, gate.clone()).await;
        store.put(&store.data, "v1/b", b"first").await;
        let long = vec![7; (5 << 20) + 1];
        store.put(&store.data, "v1/long", &long).await;
        let id = store.dataset();
        let read = store.datasets.permissions(&id).unwrap();

        let policy = read.clone().and(store.archive.permissions_to_archive());
        gate.allow(&policy);
        archive(&mut store).await;
        let used = gate.open();
        archiving.add(&policy, used.clone(), &store);
        reading.add(&read, used, &store);

        let kept = store.archive_id();
        let permits = Permits::new();
        let now = permits.now();
        // The objects that were replaced by newer ones would come to light again.
        if kind != Kind::Plain {
            let old = crate::s3::fixture::versions(&store.raw, &store.data, "v1/b").await;
            store
                .raw
                .delete_object()
                .bucket(&store.data)
                .key("v1/b")
                .version_id(&old.last().unwrap().1)
                .send()
                .await
                .unwrap();
        }
        let policy = read.clone().and(store.archive.permissions_to_read());
        gate.allow(&policy);
        let whole = SourceState::Whole;
        let verified = verify_archive(&store.datasets, &store.archive, &id, &kept, whole, now)
            .await
            .unwrap();
        verifying.add(&policy, gate.open(), &store);

        let digest = key_of(&kept).rsplit_once('/').unwrap().1.to_owned();
        let left = format!("scratch/a-{digest}.1.0123456789abcdef");
        begin(&store, &store.scratch, &format!("{left}/long")).await;
        store
            .put(&store.scratch, &format!("{left}/short"), b"x")
            .await;
        let scratch = store
            .datasets
            .dataset(&place(&store.scratch, "scratch/"))
            .unwrap();
        let policy = read
            .clone()
            .and(store.archive.permissions_to_restore())
            .and(store.datasets.permissions(&scratch).unwrap());
        gate.allow(&policy);
        let drill = run_restore_drill(
            &store.datasets,
            &store.archive,
            &store.datasets,
            &verified,
            1,
            &permit(2),
            now,
        )
        .await
        .unwrap();
        restoring.add(&policy, gate.open(), &store);

        let last = std::mem::replace(
            &mut store.retirement,
            RetirementId::parse("called-off").unwrap(),
        );
        let off = store.archive_id();
        store.archive_now().await.unwrap();
        begin(
            &store,
            &store.archives,
            &format!("{}/objects/x", key_of(&off)),
        )
        .await;
        let policy = read.clone().and(store.archive.permissions_to_discard());
        gate.allow(&policy);
        let outcome = store.archive.discard(&off, &permit(2)).await.unwrap();
        if kind == Kind::Locked {
            assert!(matches!(outcome, Outcome::NotDone { .. }), "{outcome:?}");
        } else {
            done(outcome);
        }
        discarding.add(&policy, gate.open(), &store);
        store.retirement = last;

        let policy = store.eraser.permissions(&id).unwrap();
        let api = ApiId::parse("orders-v1").unwrap();
        let warrant = permits.warrant(&api, [id.clone().into()]).await.unwrap();
        let warrant = EraseWarrant::issue(&warrant, verified, drill, now).unwrap();
        gate.allow(&policy);
        done(store.eraser.erase(&warrant).await.unwrap());
        erasing.add(&policy, gate.open(), &store);
    }
    reading.expect_needed(&[]);
    archiving.expect_needed(&[]);
    let bytes = "of the source only its list is needed, and one policy is printed for both";
    let unfinished = "only asked when there is no finished archive";
    let lost = "only after a lost answer, when what is there is looked at";
    verifying.expect_needed(&[
        ("GetObject", "data/*", bytes),
        ("GetObjectVersion", "data/*", bytes),
        ("ListBucket", "archives", unfinished),
        ("ListBucketMultipartUploads", "archives", unfinished),
    ]);
    let current = "the drill compares with what the source holds now";
    restoring.expect_needed(&[
        ("GetObjectVersion", "data/*", current),
        ("ListBucket", "archives", unfinished),
        ("ListBucketMultipartUploads", "archives", unfinished),
        ("GetObjectVersion", "scratch/scratch/*", lost),
        ("GetObjectRetention", "scratch/scratch/*", lost),
    ]);
    discarding.expect_needed(&[
        ("GetObject", "data/*", bytes),
        ("GetObjectVersion", "data/*", bytes),
    ]);
    erasing.expect_needed(&[]);
}

/// A policy without an action.
fn without(policy: &NeededPolicy, action: &str) -> NeededPolicy {
    let mut policy = policy.clone();
    for statement in &mut policy.statement {
        statement.action.retain(|allowed| *allowed != action);
    }
    policy
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_locked_archive_needs_every_action_of_the_lock_and_says_which_is_missing() {
    let gate = Gate::default();
    let store = Store::behind(Kind::Locked, gate.clone()).await;
    store.put(&store.data, "v1/b", b"first").await;
    let read = store.datasets.permissions(&store.dataset()).unwrap();
    let policy = read.and(store.archive.permissions_to_archive());
    for (action, why) in [
        (
            "s3:GetBucketObjectLockConfiguration",
            "need s3:GetBucketObjectLockConfiguration",
        ),
        (
            "s3:PutObjectRetention",
            "need s3:PutObject, s3:PutObjectRetention",
        ),
        (
            "s3:GetObjectRetention",
            "the credentials lack s3:GetObjectRetention",
        ),
    ] {
        gate.allow(&without(&policy, action));
        let text = store.archive_now().await.unwrap_err();
        assert!(text.contains(why), "{text}");
        assert_eq!(gate.refused(), [action.to_owned()].into());
        assert!(!store.is_finished().await);
    }
    gate.allow(&policy);
    store.archive_now().await.unwrap();
    gate.open();
    assert!(store.is_finished().await);
}
