//! Everything in a place.

use std::collections::BTreeMap;

use aws_smithy_types::DateTime;
use deprovision_core::provider::{ErrorKind, ObjectInfo, ProviderError};

use crate::error;
use crate::s3::calls::{LIST, LIST_VERSIONS};
use crate::s3::client::{S3, Versioning};
use crate::s3::read::Stored;
use crate::s3::version::Mark;
use crate::s3::{S3Place, names};

/// One version of an object, or the only one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) key: String,
    pub(crate) length: u64,
    /// `None` in a bucket without versions.
    pub(crate) version: Option<String>,
    pub(crate) etag: String,
    pub(crate) mark: Mark,
}

impl Found {
    /// What a look at one object says; `None` when it does not say enough.
    pub(crate) fn of_stored(key: String, stored: &Stored) -> Option<Self> {
        let etag = stored.etag.clone()?;
        Some(Self {
            key,
            length: stored.length?,
            version: None,
            mark: Mark::of(None, &etag, None),
            etag,
        })
    }

    pub(crate) fn info(&self) -> ObjectInfo {
        ObjectInfo::new(self.length, self.mark.text())
    }
}

/// A note that an object was deleted; what was deleted lies below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) key: String,
    pub(crate) version: String,
}

/// What lies in a place.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// What a reader sees, by its name.
    pub(crate) current: BTreeMap<String, Found>,
    /// Versions below a newer one or below a delete marker: data as well, which comes
    /// to light again when what lies above it is removed.
    pub(crate) older: Vec<Found>,
    /// Delete markers.
    pub(crate) markers: Vec<Marker>,
}

impl Listing {
    /// All versions of all objects.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &Found> {
        self.current.values().chain(&self.older)
    }

    fn add(&mut self, place: &S3Place, found: Found, is_latest: bool) -> Result<(), ProviderError> {
        let name = name_in(place, &found.key)?;
        if !is_latest {
            self.older.push(found);
        } else if self.current.insert(name, found).is_some() {
            return Err(strange(
                place,
                "an object was listed twice; it is being changed, try again",
            ));
        }
        Ok(())
    }
}

/// How a list is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HowMuch {
    All,
    /// Whether there is anything: one page is enough.
    Any,
}

impl S3 {
    /// Lists a place whole, or fails: what can not be named is never left out.
    pub(crate) async fn list(
        &self,
        place: &S3Place,
        how_much: HowMuch,
    ) -> Result<Listing, ProviderError> {
        match self.versioning(place).await? {
            Versioning::Never => self.list_objects(place, how_much).await,
            Versioning::Enabled | Versioning::Suspended => {
                self.list_versions(place, place.prefix(), how_much).await
            }
        }
    }

    async fn list_objects(
        &self,
        place: &S3Place,
        how_much: HowMuch,
    ) -> Result<Listing, ProviderError> {
        let mut listing = Listing::default();
        let mut next: Option<String> = None;
        loop {
            let answer = self
                .client
                .list_objects_v2()
                .bucket(place.bucket())
                .prefix(place.prefix())
                .set_continuation_token(next.clone())
                .expected_bucket_owner(self.owner())
                .send()
                .await;
            let page = error::read(LIST, answer)?;
            for object in page.contents() {
                let found = found(
                    place,
                    object.key(),
                    object.size(),
                    None,
                    object.e_tag(),
                    object.last_modified(),
                )?;
                listing.add(place, found, true)?;
            }
            if page.is_truncated() != Some(true) || how_much == HowMuch::Any {
                return Ok(listing);
            }
            let token = page.next_continuation_token().map(str::to_owned);
            if token.is_none() || token == next {
                return Err(strange(
                    place,
                    "the list broke off without its next page; try again",
                ));
            }
            next = token;
        }
    }

    /// All versions of the keys that begin with `prefix`, which lies in the place.
    pub(crate) async fn list_versions(
        &self,
        place: &S3Place,
        prefix: &str,
        how_much: HowMuch,
    ) -> Result<Listing, ProviderError> {
        let mut listing = Listing::default();
        let mut next: (Option<String>, Option<String>) = (None, None);
        loop {
            let answer = self
                .client
                .list_object_versions()
                .bucket(place.bucket())
                .prefix(prefix)
                .set_key_marker(next.0.clone())
                .set_version_id_marker(next.1.clone())
                .expected_bucket_owner(self.owner())
                .send()
                .await;
            let page = error::read(LIST_VERSIONS, answer)?;
            for version in page.versions() {
                let found = found(
                    place,
                    version.key(),
                    version.size(),
                    version.version_id(),
                    version.e_tag(),
                    version.last_modified(),
                )?;
                listing.add(place, found, version.is_latest() == Some(true))?;
            }
            for marker in page.delete_markers() {
                let (Some(key), Some(version)) = (marker.key(), marker.version_id()) else {
                    return Err(strange(
                        place,
                        "a delete marker came without key or version",
                    ));
                };
                name_in(place, key)?;
                listing.markers.push(Marker {
                    key: key.to_owned(),
                    version: version.to_owned(),
                });
            }
            if page.is_truncated() != Some(true) || how_much == HowMuch::Any {
                return Ok(listing);
            }
            let marker = (
                page.next_key_marker().map(str::to_owned),
                page.next_version_id_marker().map(str::to_owned),
            );
            if marker.0.is_none() || marker == next {
                return Err(strange(
                    place,
                    "the list broke off without its next page; try again",
                ));
            }
            next = marker;
        }
    }
}

fn found(
    place: &S3Place,
    key: Option<&str>,
    size: Option<i64>,
    version: Option<&str>,
    etag: Option<&str>,
    modified: Option<&DateTime>,
) -> Result<Found, ProviderError> {
    let length = size.and_then(|size| u64::try_from(size).ok());
    let (Some(key), Some(length), Some(etag)) = (key, length, etag) else {
        return Err(strange(
            place,
            "an object was listed without key, size or entity tag",
        ));
    };
    Ok(Found {
        key: key.to_owned(),
        length,
        version: version.map(str::to_owned),
        etag: etag.to_owned(),
        mark: Mark::of(version, etag, modified),
    })
}

/// The name of a key in a place.
fn name_in(place: &S3Place, key: &str) -> Result<String, ProviderError> {
    let Some(name) = key.strip_prefix(place.prefix()) else {
        return Err(strange(place, "a key outside of the prefix was listed"));
    };
    match names::why_not(name) {
        None => Ok(name.to_owned()),
        Some(why) => {
            let shown: String = key.chars().take(200).collect();
            Err(ProviderError::new(
                ErrorKind::Unsupported,
                format!("list {place}"),
                format!(
                    "{shown:?} can not be an object's name: {why}; rename or remove it (with all its versions)"
                ),
            ))
        }
    }
}

fn strange(place: &S3Place, what: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Transient, format!("list {place}"), what)
}
