//! Making, restoring and discarding archives: the port.

use async_trait::async_trait;
use deprovision_core::id::RetirementId;
use deprovision_core::provider::{Archiver, Outcome, ProviderError, WritePermit};
use deprovision_core::resource::{ArchiveId, DatasetId};

use crate::directory::DirectoryArchive;
use crate::directory::stop::Stop;
use crate::error::{blocking, cut_off};

#[async_trait]
impl Archiver for DirectoryArchive {
    fn archive_of(
        &self,
        source: &DatasetId,
        retirement: &RetirementId,
    ) -> Result<ArchiveId, ProviderError> {
        self.name_for(source, retirement)
    }

    async fn archive(
        &self,
        source: &DatasetId,
        archive: &ArchiveId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let operation = "archive a directory";
        let path = self.inner.source.path_of(operation, source)?.to_owned();
        let name = self.name_of(operation, archive)?;
        let (stop, _waiting) = Stop::with(permit);
        let (this, source) = (self.clone(), source.clone());
        blocking(move || this.copy_in(operation, &source, &path, &name, &stop))
            .await
            .unwrap_or_else(|| Ok(Outcome::unknown("the runtime is shutting down")))
    }

    async fn restore(
        &self,
        archive: &ArchiveId,
        names: &[String],
        permit: &WritePermit,
    ) -> Result<DatasetId, ProviderError> {
        let operation = "restore an archive";
        let archive = self.name_of(operation, archive)?;
        let (stop, _waiting) = Stop::with(permit);
        let (this, names, epoch) = (self.clone(), names.to_vec(), permit.epoch());
        blocking(move || this.copy_out(operation, &archive, &names, epoch, &stop))
            .await
            .unwrap_or_else(|| Err(cut_off(operation)))
    }

    async fn discard_scratch(
        &self,
        scratch: &DatasetId,
        _permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let operation = "discard a scratch copy";
        let path = self.inner.source.path_of(operation, scratch)?.to_owned();
        let this = self.clone();
        blocking(move || this.remove_scratch(operation, &path))
            .await
            .unwrap_or_else(|| Ok(Outcome::unknown("the runtime is shutting down")))
    }

    async fn discard(
        &self,
        archive: &ArchiveId,
        permit: &WritePermit,
    ) -> Result<Outcome, ProviderError> {
        let operation = "discard an archive";
        let name = self.name_of(operation, archive)?;
        let (stop, _waiting) = Stop::with(permit);
        let this = self.clone();
        blocking(move || this.remove_archive(operation, &name, &stop))
            .await
            .unwrap_or_else(|| Ok(Outcome::unknown("the runtime is shutting down")))
    }
}
