//! Each task under exactly the policy that it says it needs, on the moto that enforces.
//! Not the actions of the lock: moto 5.2.5 asks for `s3:PutObject` where AWS asks for
//! `s3:PutObjectRetention` too, and for `s3:ListBucket` where AWS asks for
//! `s3:GetBucketObjectLockConfiguration`; nor does it keep the lock of an object that was
//! sent in parts. `declared.rs` holds those against the policies.

use aws_sdk_s3::Client;
use deprovision_aws::NeededPolicy;
use deprovision_aws::s3::{S3Archive, S3Datasets, S3Eraser};
use deprovision_core::conformance::Permits;
use deprovision_core::id::{ApiId, RetirementId};
use deprovision_core::permit::{EraseWarrant, SourceState, run_restore_drill, verify_archive};
use deprovision_core::provider::{Archiver, DatasetReader as _, Eraser as _, Outcome};

use crate::proxy::{After, Answer, Lie, Proxy, Request};
use crate::s3::fixture::{Kind, bucket, options, place, put, scope, unique};
use crate::s3::guards::permit;
use crate::world;

/// Puts right what moto 5.2.5 calls the answer to `GetBucketVersioning`: this SDK looks
/// at the name of the root, and others do not.
struct Mended;

impl Lie for Mended {
    fn after(&self, request: &Request, answer: &mut Answer) -> After {
        if request.method == "GET" && request.path.contains("?versioning") {
            let text = String::from_utf8_lossy(&answer.body);
            let text = text.replace("GetBucketVersioningResponse", "VersioningConfiguration");
            answer.body = text.into_bytes();
        }
        After::Pass
    }
}

fn path_style(config: &aws_config::SdkConfig, moto: &Proxy) -> Client {
    let config = aws_sdk_s3::config::Builder::from(config)
        .endpoint_url(&moto.endpoint)
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

/// moto asks for `s3:DeleteObject` on the bucket where AWS asks for it on each object.
fn for_moto(policy: &NeededPolicy) -> serde_json::Value {
    let mut json = serde_json::to_value(policy).unwrap();
    let statements = json["Statement"].as_array_mut().unwrap();
    let buckets: Vec<serde_json::Value> = statements
        .iter()
        .filter(|statement| statement["Action"].to_string().contains("s3:DeleteObject"))
        .map(|statement| {
            let objects = statement["Resource"][0].as_str().unwrap();
            let bucket = objects.split('/').next().unwrap();
            serde_json::json!({
                "Effect": "Allow",
                "Action": ["s3:DeleteObject"],
                "Resource": [bucket],
            })
        })
        .collect();
    statements.extend(buckets);
    json
}

/// A client of a new user who may do what the policy allows, and nothing else.
async fn under(policy: &NeededPolicy, moto: &Proxy) -> Client {
    let owner = world::enforcing();
    let iam = aws_sdk_iam::Client::new(&owner);
    let user = unique("user");
    iam.create_user().user_name(&user).send().await.unwrap();
    iam.put_user_policy()
        .user_name(&user)
        .policy_name("needed")
        // Without spaces, which moto signs in another way.
        .policy_document(for_moto(policy).to_string())
        .send()
        .await
        .unwrap();
    let key = iam
        .create_access_key()
        .user_name(&user)
        .send()
        .await
        .unwrap();
    let key = key.access_key().unwrap();
    let user = world::with_key(&owner, key.access_key_id(), key.secret_access_key());
    path_style(&user, moto)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_task_works_under_the_policy_that_it_needs_and_reading_gives_no_right_to_write() {
    let owner = world::enforcing();
    let moto = Proxy::start(owner.endpoint_url().unwrap(), Mended).await;
    let raw = path_style(&owner, &moto);
    let data = bucket(&raw, "data", Kind::Versioned).await;
    let archives = bucket(&raw, "archives", Kind::Versioned).await;
    let scratch = bucket(&raw, "scratch", Kind::Plain).await;
    for (key, bytes) in [("v1/a", &b"first"[..]), ("v1/b", b""), ("v2/c", b"kept")] {
        put(&raw, &data, key, bytes).await;
    }
    let long = vec![7; (5 << 20) + 1];
    put(&raw, &data, "v1/long", &long).await;
    let build = |client: &Client| {
        let datasets = S3Datasets::new(client, scope()).unwrap();
        let archive = S3Archive::new(
            client,
            scope(),
            datasets.clone(),
            place(&archives, "kept/"),
            place(&scratch, "scratch/"),
            options(Kind::Versioned),
        );
        (datasets, archive.unwrap())
    };
    let (datasets, archive) = build(&raw);
    let id = datasets.dataset(&place(&data, "v1/")).unwrap();
    let other = datasets.dataset(&place(&data, "v2/")).unwrap();
    let retirement = RetirementId::parse("r").unwrap();
    let kept = archive.archive_of(&id, &retirement).unwrap();
    let reading = datasets.permissions(&id).unwrap();

    // Observers can not write, and see nothing of the neighbours' bytes.
    let (reader, writer) =
        build(&under(&reading.clone().and(archive.permissions_to_read()), &moto).await);
    assert_eq!(
        reader
            .objects(&id)
            .await
            .unwrap()
            .known_completely()
            .unwrap()
            .len(),
        3
    );
    assert!(reader.open(&id, "a").await.is_ok());
    assert!(reader.open(&other, "c").await.is_err());
    let refused = Archiver::archive(&writer, &id, &kept, &permit(1)).await;
    let text = refused.unwrap_err().to_string();
    assert!(text.contains("not permitted"), "{text}");

    let archiving = reading.clone().and(archive.permissions_to_archive());
    let (_, archiver) = build(&under(&archiving, &moto).await);
    let outcome = Archiver::archive(&archiver, &id, &kept, &permit(1))
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");

    let scratches = datasets.dataset(&place(&scratch, "scratch/")).unwrap();
    let restoring = reading
        .clone()
        .and(archive.permissions_to_restore())
        .and(datasets.permissions(&scratches).unwrap());
    let (restored, restorer) = build(&under(&restoring, &moto).await);
    let permits = Permits::new();
    let now = permits.now();
    let whole = SourceState::Whole;
    let verified = verify_archive(&restored, &restorer, &id, &kept, whole, now)
        .await
        .unwrap();
    let drill = run_restore_drill(
        &restored,
        &restorer,
        &restored,
        &verified,
        1,
        &permit(1),
        now,
    )
    .await
    .unwrap();

    let off = RetirementId::parse("called-off").unwrap();
    let off = archiver.archive_of(&id, &off).unwrap();
    let outcome = Archiver::archive(&archiver, &id, &off, &permit(1))
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let discarding = reading.and(archive.permissions_to_discard());
    let (_, discarder) = build(&under(&discarding, &moto).await);
    let outcome = discarder.discard(&off, &permit(1)).await.unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");

    let eraser = S3Eraser::new(&raw, scope()).unwrap();
    let erasing = under(&eraser.permissions(&id).unwrap(), &moto).await;
    let eraser = S3Eraser::new(&erasing, scope()).unwrap();
    let api = ApiId::parse("orders-v1").unwrap();
    let warrant = permits.warrant(&api, [id.clone().into()]).await.unwrap();
    let warrant = EraseWarrant::issue(&warrant, verified, drill, now).unwrap();
    let outcome = eraser.erase(&warrant).await.unwrap();
    assert!(matches!(outcome, Outcome::Done { .. }), "{outcome:?}");
    let left = datasets.objects(&other).await.unwrap();
    assert_eq!(left.known_completely().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn i_1_a_locked_archive_works_under_its_policy_as_far_as_moto_knows_the_actions() {
    let owner = world::enforcing();
    let moto = Proxy::start(owner.endpoint_url().unwrap(), Mended).await;
    let raw = path_style(&owner, &moto);
    let data = bucket(&raw, "data", Kind::Versioned).await;
    let archives = bucket(&raw, "archives", Kind::Locked).await;
    let scratch = bucket(&raw, "scratch", Kind::Plain).await;
    put(&raw, &data, "a", b"first").await;
    put(&raw, &data, "b", b"").await;
    let build = |client: &Client| {
        let datasets = S3Datasets::new(client, scope()).unwrap();
        let archive = S3Archive::new(
            client,
            scope(),
            datasets.clone(),
            place(&archives, "kept/"),
            place(&scratch, "scratch/"),
            options(Kind::Locked),
        );
        (datasets, archive.unwrap())
    };
    let (datasets, archive) = build(&raw);
    let id = datasets.dataset(&place(&data, "")).unwrap();
    let retirement = RetirementId::parse("r").unwrap();
    let kept = archive.archive_of(&id, &retirement).unwrap();
    let policy = datasets
        .permissions(&id)
        .unwrap()
        .and(archive.permissions_to_archive());
    let (reader, archiver) = build(&under(&policy, &moto).await);
    let outcome = Archiver::archive(&archiver, &id, &kept, &permit(1)).await;
    assert!(matches!(outcome, Ok(Outcome::Done { .. })), "{outcome:?}");
    let now = Permits::new().now();
    let verified = verify_archive(&reader, &archiver, &id, &kept, SourceState::Whole, now).await;
    assert!(verified.is_ok(), "{verified:?}");
}
