//! The policies that the tasks need.

use deprovision_core::provider::ProviderError;
use deprovision_core::resource::DatasetId;

use crate::call::Call;
use crate::policy::NeededPolicy;
use crate::s3::calls::{
    ABORT_UPLOAD, BUCKET_LOCK, BUCKET_VERSIONING, COMPLETE_UPLOAD, CREATE_UPLOAD, DELETE, GET,
    HEAD, KMS, LIST, LIST_PARTS, LIST_UPLOADS, LIST_VERSIONS, LOCK, PUT, UPLOAD_PART,
};
use crate::s3::{S3Archive, S3Datasets, S3Eraser, S3Place};
use crate::scope::Scope;

fn on(scope: &Scope, place: &S3Place, bucket: &[Call], objects: &[Call]) -> NeededPolicy {
    let partition = scope.partition();
    let groups = [
        (bucket.to_vec(), vec![place.bucket_arn(partition)]),
        (objects.to_vec(), vec![place.objects_arn(partition)]),
    ];
    // IAM takes no statement without actions.
    NeededPolicy::allowing(groups.into_iter().filter(|(calls, _)| !calls.is_empty()))
}

impl S3Datasets {
    /// What reading a dataset needs.
    ///
    /// # Errors
    /// When the dataset is not one of ours.
    pub fn permissions(&self, id: &DatasetId) -> Result<NeededPolicy, ProviderError> {
        let place = self.place_of("list permissions", id)?;
        Ok(on(
            self.scope(),
            &place,
            &[BUCKET_VERSIONING, LIST, LIST_VERSIONS],
            &[GET],
        ))
    }
}

impl S3Archive {
    /// What looking at archives and reading them back needs.
    #[must_use]
    pub fn permissions_to_read(&self) -> NeededPolicy {
        let inner = &self.inner;
        self.with_key(on(
            &inner.s3.scope,
            &inner.place,
            &[BUCKET_VERSIONING, LIST, LIST_VERSIONS, LIST_UPLOADS],
            &[GET, HEAD],
        ))
    }

    /// What archiving needs beside reading the source. Where nothing is locked, what a
    /// newer archive replaces is removed.
    #[must_use]
    pub fn permissions_to_archive(&self) -> NeededPolicy {
        let inner = &self.inner;
        let mut bucket = Vec::new();
        let mut objects = vec![
            PUT,
            CREATE_UPLOAD,
            UPLOAD_PART,
            COMPLETE_UPLOAD,
            ABORT_UPLOAD,
            LIST_PARTS,
        ];
        if inner.options.lock.mode().is_some() {
            bucket.push(BUCKET_LOCK);
            objects.push(LOCK);
        } else {
            objects.push(DELETE);
        }
        self.permissions_to_read()
            .and(on(&inner.s3.scope, &inner.place, &bucket, &objects))
    }

    /// What restoring into scratch, and removing it, needs.
    #[must_use]
    pub fn permissions_to_restore(&self) -> NeededPolicy {
        let inner = &self.inner;
        self.permissions_to_read().and(on(
            &inner.s3.scope,
            &inner.scratch,
            &[BUCKET_VERSIONING, LIST, LIST_VERSIONS, LIST_UPLOADS],
            &[
                GET,
                HEAD,
                PUT,
                CREATE_UPLOAD,
                UPLOAD_PART,
                COMPLETE_UPLOAD,
                ABORT_UPLOAD,
                DELETE,
            ],
        ))
    }

    /// What discarding an archive needs beside reading the source.
    #[must_use]
    pub fn permissions_to_discard(&self) -> NeededPolicy {
        let inner = &self.inner;
        self.permissions_to_read().and(on(
            &inner.s3.scope,
            &inner.place,
            &[],
            &[ABORT_UPLOAD, DELETE],
        ))
    }

    fn with_key(&self, policy: NeededPolicy) -> NeededPolicy {
        match &self.inner.options.kms_key {
            None => policy,
            Some(key) => policy.and(NeededPolicy::allowing([(vec![KMS], vec![key.as_str()])])),
        }
    }
}

impl S3Eraser {
    /// What erasing a dataset needs.
    ///
    /// # Errors
    /// When the dataset is not one of ours.
    pub fn permissions(&self, id: &DatasetId) -> Result<NeededPolicy, ProviderError> {
        let place = self.datasets().place_of("list permissions", id)?;
        Ok(on(
            self.datasets().scope(),
            &place,
            &[BUCKET_VERSIONING, LIST, LIST_VERSIONS],
            &[DELETE],
        ))
    }
}
