//! Reading archives back.

use std::ffi::OsStr;
use std::io;

use async_trait::async_trait;
use deprovision_core::observation::{Observation, PositiveControl};
use deprovision_core::provider::{
    ArchiveReader, ArchiveState, ByteStream, ErrorKind, ProviderError, Retention,
};
use deprovision_core::resource::ArchiveId;
use deprovision_core::time::Timestamp;

use crate::directory::DirectoryArchive;
use crate::directory::archive::{OBJECTS, object_file};
use crate::directory::stream::{Streamed, decompress};
use crate::error::{blocking, cut_off, io_error};

#[async_trait]
impl ArchiveReader for DirectoryArchive {
    async fn archive(&self, id: &ArchiveId) -> Result<Observation<ArchiveState>, ProviderError> {
        let operation = "look at an archive";
        let name = self.name_of(operation, id)?;
        let this = self.clone();
        blocking(move || {
            let as_of = Timestamp::now();
            let root = this.root_folder(operation)?;
            let state = match this.archive_folder(operation, &root, &name)? {
                None => ArchiveState::Absent {
                    control: PositiveControl::saw(format!(
                        "the marker of the archive directory {}",
                        this.root().display()
                    )),
                },
                Some(folder) => match this.manifest(operation, &name, &folder)? {
                    None => ArchiveState::Unfinished,
                    Some(manifest) => ArchiveState::Finished {
                        manifest: (*manifest).clone(),
                        retention: Retention::None,
                    },
                },
            };
            Ok(Observation::complete(state, as_of))
        })
        .await
        .unwrap_or_else(|| Err(cut_off(operation)))
    }

    async fn open_archived(&self, id: &ArchiveId, name: &str) -> Result<ByteStream, ProviderError> {
        let operation = "open an archived object";
        let archive = self.name_of(operation, id)?;
        let (this, name) = (self.clone(), name.to_owned());
        let reader = blocking(move || this.archived(operation, &archive, &name))
            .await
            .unwrap_or_else(|| Err(cut_off(operation)))?;
        Ok(Box::pin(Streamed::new(reader)))
    }
}

impl DirectoryArchive {
    /// The uncompressed bytes of an object, from its file in the archive.
    pub(crate) fn archived(
        &self,
        operation: &str,
        archive: &str,
        name: &str,
    ) -> Result<impl io::Read + Send + Unpin + use<>, ProviderError> {
        let root = self.root_folder(operation)?;
        let not_there = |what: String| ProviderError::new(ErrorKind::NotFound, operation, what);
        let Some(folder) = self.archive_folder(operation, &root, archive)? else {
            return Err(not_there(format!("there is no archive {archive}")));
        };
        let Some(manifest) = self.manifest(operation, archive, &folder)? else {
            return Err(not_there(format!("archive {archive} is not finished")));
        };
        let Some(entry) = manifest.objects.get(name) else {
            return Err(not_there(format!(
                "archive {archive} does not list {name:?}"
            )));
        };
        let file = object_file(&entry.sha256);
        folder
            .folder(OsStr::new(OBJECTS))
            .and_then(|objects| objects.read(OsStr::new(&file)))
            .and_then(|(file, _)| decompress(file, entry.length))
            .map_err(|error| {
                let what = format!("file {file} of object {name:?} in archive {archive}");
                io_error(operation, &what, error)
            })
    }
}
