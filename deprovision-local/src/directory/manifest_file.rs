//! The manifest on disk.

use std::ffi::OsStr;
use std::io::{self, Read as _};

use deprovision_core::digest::{Digest, canonical_json};
use deprovision_core::provider::Manifest;
use serde::{Deserialize, Serialize};

use crate::directory::names;
use crate::durable::{self, ReplaceError};
use crate::folder::Folder;
use crate::stamp::Stamp;

/// The manifest's file; an archive without it is unfinished.
pub(crate) const MANIFEST: &str = "manifest.json";

/// The longest manifest that is written or read: some five million objects.
const MAX_BYTES: u64 = 1 << 30;

/// What the file holds, in canonical JSON to the last byte.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OnDisk {
    /// The manifest's digest: an edit by accident is found before a byte is read back.
    digest: Digest,
    manifest: Manifest,
}

/// Writes it whole or not at all.
pub(crate) fn write(folder: &Folder, manifest: Manifest) -> Result<Digest, ReplaceError> {
    let not = |error: io::Error| ReplaceError::NotReplaced(error);
    let digest = manifest
        .digest()
        .map_err(|error| not(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    let bytes = canonical_json(&OnDisk { digest, manifest })
        .map_err(|error| not(io::Error::new(io::ErrorKind::InvalidData, error)))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(not(garbled(
            "it would be longer than 1 GiB; archive smaller directories",
        )));
    }
    durable::replace(folder, OsStr::new(MANIFEST), &bytes, None)?;
    Ok(digest)
}

/// Reads it; `None` when there is none. Believes nothing that it says about paths.
pub(crate) fn read(folder: &Folder) -> io::Result<Option<(Manifest, Stamp)>> {
    let (file, stamp) = match folder.read(OsStr::new(MANIFEST)) {
        Ok(open) => open,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(garbled("it is longer than 1 GiB"));
    }
    Ok(Some((parse(&bytes)?, stamp)))
}

fn parse(bytes: &[u8]) -> io::Result<Manifest> {
    let on_disk: Result<OnDisk, serde_json::Error> = serde_json::from_slice(bytes);
    let on_disk = on_disk.map_err(|error| {
        garbled(&format!(
            "line {}, column {}: it is not a manifest",
            error.line(),
            error.column()
        ))
    })?;
    // Names that stand twice, other spacing, other number forms: all of them
    // would read back as something else than what stands there.
    if canonical_json(&on_disk).map_err(|error| garbled(&error.to_string()))? != bytes {
        return Err(garbled("it is not in its canonical form"));
    }
    let manifest = on_disk.manifest;
    if manifest.format != 1 {
        return Err(garbled(
            "its form is not 1; use a newer version of deprovision-local",
        ));
    }
    let digest = manifest
        .digest()
        .map_err(|error| garbled(&error.to_string()))?;
    if digest != on_disk.digest {
        return Err(garbled("its digest does not fit"));
    }
    for name in manifest.objects.keys() {
        if let Some(why) = names::why_not(name) {
            let shown: String = name.chars().take(80).collect();
            return Err(garbled(&format!(
                "{shown:?} can not be an object's name: {why}"
            )));
        }
    }
    Ok(manifest)
}

fn garbled(why: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the manifest was changed: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use deprovision_core::provider::ManifestEntry;
    use deprovision_core::time::Timestamp;
    use proptest::prelude::*;

    fn manifest(name: &str) -> Manifest {
        Manifest::new(
            "dir:shop:local:orders".parse().unwrap(),
            Timestamp::UNIX_EPOCH,
            BTreeMap::from([(
                name.to_owned(),
                ManifestEntry::new(5, Digest::of_bytes(b"first"), "m1"),
            )]),
        )
    }

    fn bytes(manifest: Manifest) -> Vec<u8> {
        let digest = manifest.digest().unwrap();
        canonical_json(&OnDisk { digest, manifest }).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(parse(&bytes(manifest("a/b"))).unwrap(), manifest("a/b"));
    }

    #[test]
    fn i_1_any_flipped_bit_of_a_manifest_is_noticed() {
        let good = bytes(manifest("a"));
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[at] ^= 1 << bit;
                assert!(parse(&bad).is_err(), "bit {bit} of byte {at}");
            }
        }
        for cut in 0..good.len() {
            assert!(parse(&good[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn a_hostile_name_is_refused_though_the_digest_fits() {
        for bad in ["../x", "/etc/passwd", "a/../../x", "", "a//b", "a\0"] {
            assert!(parse(&bytes(manifest(bad))).is_err(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes);
        }
    }
}
