//! The calls to S3, each with the actions that it needs
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>).

use crate::call::Call;

pub(crate) const BUCKET_VERSIONING: Call =
    Call::of("s3:GetBucketVersioning", &["s3:GetBucketVersioning"]);

pub(crate) const BUCKET_LOCK: Call = Call::of(
    "s3:GetObjectLockConfiguration",
    &["s3:GetBucketObjectLockConfiguration"],
);

pub(crate) const LIST: Call = Call::of("s3:ListObjectsV2", &["s3:ListBucket"]);

pub(crate) const LIST_VERSIONS: Call =
    Call::of("s3:ListObjectVersions", &["s3:ListBucketVersions"]);

pub(crate) const LIST_UPLOADS: Call = Call::of(
    "s3:ListMultipartUploads",
    &["s3:ListBucketMultipartUploads"],
);

/// With a version id it needs another action than without one.
pub(crate) const GET: Call = Call::of("s3:GetObject", &["s3:GetObject", "s3:GetObjectVersion"]);

/// Without the last action S3 leaves the lock out of its answer.
pub(crate) const HEAD: Call = Call::of(
    "s3:HeadObject",
    &[
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:GetObjectRetention",
    ],
);

pub(crate) const PUT: Call = Call::of("s3:PutObject", &["s3:PutObject"]);

/// A call that stores an object or a part of one, with what it needs when the object is
/// locked as it arrives and when it lies under a key of KMS: S3 does not say which of
/// them it misses.
pub(crate) const fn storing(call: Call, is_locked: bool, has_key: bool) -> Call {
    let actions: &'static [&'static str] = match (is_locked, has_key) {
        (false, false) => call.actions,
        (true, false) => &["s3:PutObject", "s3:PutObjectRetention"],
        (false, true) => &["s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey"],
        (true, true) => &[
            "s3:PutObject",
            "s3:PutObjectRetention",
            "kms:Decrypt",
            "kms:GenerateDataKey",
        ],
    };
    Call::of(call.operation, actions)
}

/// A `PutObject` whose object is locked as it arrives, and what extends a lock.
pub(crate) const LOCK: Call = Call::of("s3:PutObjectRetention", &["s3:PutObjectRetention"]);

pub(crate) const CREATE_UPLOAD: Call = Call::of("s3:CreateMultipartUpload", &["s3:PutObject"]);

pub(crate) const UPLOAD_PART: Call = Call::of("s3:UploadPart", &["s3:PutObject"]);

pub(crate) const COMPLETE_UPLOAD: Call = Call::of("s3:CompleteMultipartUpload", &["s3:PutObject"]);

pub(crate) const ABORT_UPLOAD: Call =
    Call::of("s3:AbortMultipartUpload", &["s3:AbortMultipartUpload"]);

pub(crate) const LIST_PARTS: Call = Call::of("s3:ListParts", &["s3:ListMultipartUploadParts"]);

/// With a version id it needs another action than without one.
pub(crate) const DELETE: Call = Call::of(
    "s3:DeleteObjects",
    &["s3:DeleteObject", "s3:DeleteObjectVersion"],
);

/// What S3 calls of KMS in our name, for objects under a key of the customer.
pub(crate) const KMS: Call = Call::of(
    "kms:GenerateDataKey",
    &["kms:Decrypt", "kms:GenerateDataKey"],
);
