//! The manifest as it is stored: what the archive holds, and which versions of which
//! objects of the bucket hold it.

use std::collections::BTreeMap;

use deprovision_core::digest::{Digest, canonical_json};
use deprovision_core::provider::{Manifest, Retention};
use deprovision_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::s3::names;
use crate::s3::read::Pinned;

/// The manifest's name below an archive; without it the archive is unfinished.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The longest manifest that is written or read: some half a million objects.
pub(crate) const MAX_BYTES: u64 = 256 << 20;

/// What all objects of an archive are locked with, at least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptLock {
    /// S3's name for the mode.
    pub(crate) mode: String,
    pub(crate) until: Timestamp,
}

/// What is in the file besides its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    pub(crate) manifest: Manifest,
    /// Where each object of the manifest lies, by its name.
    pub(crate) stored: BTreeMap<String, Pinned>,
    pub(crate) lock: Option<KeptLock>,
}

/// What the file holds, in canonical JSON to the last byte.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnDisk {
    /// The digest of the rest: a change by accident is found before a byte is read back.
    digest: Digest,
    contents: Contents,
}

impl Contents {
    /// How the archive is kept, as the core tells it.
    pub(crate) fn retention(&self) -> Retention {
        match &self.lock {
            None => Retention::None,
            Some(lock) => Retention::LockedUntil { until: lock.until },
        }
    }

    /// The bytes of the file.
    pub(crate) fn write(&self) -> Result<Vec<u8>, String> {
        let on_disk = OnDisk {
            digest: self.digest()?,
            contents: self.clone(),
        };
        let bytes = canonical_json(&on_disk).map_err(|error| error.to_string())?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(
                "the manifest would be longer than 256 MiB; archive smaller prefixes".to_owned(),
            );
        }
        Ok(bytes)
    }

    /// What the file says. Believes nothing that it says about keys: all of them lie
    /// below `prefix`.
    pub(crate) fn read(bytes: &[u8], prefix: &str) -> Result<Self, String> {
        let garbled = |why: &str| format!("the manifest was changed: {why}");
        let on_disk: OnDisk = serde_json::from_slice(bytes).map_err(|error| {
            garbled(&format!(
                "line {}, column {}: it is not a manifest",
                error.line(),
                error.column()
            ))
        })?;
        // Names that stand twice, other spacing, other number forms: all of them would
        // read back as something else than what stands there.
        if canonical_json(&on_disk).map_err(|error| garbled(&error.to_string()))? != bytes {
            return Err(garbled("it is not in its canonical form"));
        }
        let contents = on_disk.contents;
        if contents.manifest.format != 1 {
            return Err(garbled(
                "its form is not 1; use a newer version of deprovision-aws",
            ));
        }
        if contents.digest().map_err(|error| garbled(&error))? != on_disk.digest {
            return Err(garbled("its digest does not fit"));
        }
        for name in contents.manifest.objects.keys() {
            if let Some(why) = names::why_not(name) {
                let shown: String = name.chars().take(80).collect();
                return Err(garbled(&format!(
                    "{shown:?} can not be an object's name: {why}"
                )));
            }
        }
        if !contents.stored.keys().eq(contents.manifest.objects.keys()) {
            return Err(garbled("not every object has its place"));
        }
        if let Some(outside) = contents
            .stored
            .values()
            .find(|pinned| !pinned.key.starts_with(prefix))
        {
            let shown: String = outside.key.chars().take(80).collect();
            return Err(garbled(&format!("{shown:?} lies outside of the archive")));
        }
        Ok(contents)
    }

    fn digest(&self) -> Result<Digest, String> {
        Digest::of_value("deprovision/s3-archive/v1", self).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use deprovision_core::provider::ManifestEntry;
    use proptest::prelude::*;

    const PREFIX: &str = "archives/r/d/";

    fn contents(name: &str) -> Contents {
        let entry = ManifestEntry::new(5, Digest::of_bytes(b"first"), "id:1");
        let pinned = Pinned {
            key: format!("{PREFIX}objects/0"),
            version: Some("v".to_owned()),
            etag: "\"e\"".to_owned(),
        };
        Contents {
            manifest: Manifest::new(
                "aws-s3:123456789012:eu-central-1:orders".parse().unwrap(),
                Timestamp::UNIX_EPOCH,
                BTreeMap::from([(name.to_owned(), entry)]),
            ),
            stored: BTreeMap::from([(name.to_owned(), pinned)]),
            lock: Some(KeptLock {
                mode: "GOVERNANCE".to_owned(),
                until: Timestamp::UNIX_EPOCH,
            }),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let contents = contents("a/b");
        let bytes = contents.write().unwrap();
        assert_eq!(Contents::read(&bytes, PREFIX).unwrap(), contents);
    }

    #[test]
    fn i_1_any_flipped_bit_of_a_manifest_is_noticed() {
        let good = contents("a").write().unwrap();
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert!(Contents::read(&bad, PREFIX).is_err(), "bit {bit} of {at}");
            }
        }
        for cut in 0..good.len() {
            assert!(
                Contents::read(&good[..cut], PREFIX).is_err(),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn i_1_an_object_without_a_place_or_with_one_elsewhere_is_refused() {
        let mut missing = contents("a");
        missing.stored.clear();
        let mut other = contents("a");
        other.stored.get_mut("a").unwrap().key = "archives/other/objects/0".to_owned();
        for (bad, why) in [(missing, "has its place"), (other, "outside")] {
            let refused = Contents::read(&bad.write().unwrap(), PREFIX).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
        for bad in ["../x", "/etc/passwd", "", "a//b", "a\0"] {
            let bytes = contents(bad).write().unwrap();
            assert!(Contents::read(&bytes, PREFIX).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Contents::read(&bytes, PREFIX);
        }
    }
}
