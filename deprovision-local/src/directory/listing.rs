//! Everything below a folder.

use std::collections::BTreeMap;
use std::io;

use deprovision_core::provider::{ErrorKind, ProviderError};

use crate::directory::names;
use crate::error::io_error;
use crate::folder::{Folder, Kind};
use crate::stamp::Stamp;

/// What lies below a folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The regular files by relative name.
    pub(crate) objects: BTreeMap<String, Stamp>,
    /// What is neither a file nor a folder, with what it is.
    pub(crate) odd: BTreeMap<String, &'static str>,
}

impl Listing {
    /// Lists all, or fails: what can not be named or read is never left out.
    pub(crate) fn of(root: &Folder, operation: &str) -> Result<Self, ProviderError> {
        let mut listing = Self::default();
        let device = stamp(root, operation, ".")?.device;
        let mut seen: BTreeMap<String, Stamp> = BTreeMap::new();
        let mut waiting = vec![String::new()];
        while let Some(path) = waiting.pop() {
            let here = walk(root, operation, &path)?;
            let before = stamp(&here, operation, &path)?;
            if before.device != device {
                return Err(ProviderError::new(
                    ErrorKind::Unsupported,
                    operation,
                    format!(
                        "{path:?} is another file system mounted into the dataset; make it a dataset of its own"
                    ),
                ));
            }
            seen.insert(path.clone(), before);
            let inside = here
                .names()
                .map_err(|error| io_error(operation, &format!("folder {path:?}"), error))?;
            for name in inside {
                let Some(part) = name.to_str() else {
                    return Err(ProviderError::new(
                        ErrorKind::Unsupported,
                        operation,
                        format!(
                            "{name:?} in {path:?} is not UTF-8 and can not be archived by name; rename it"
                        ),
                    ));
                };
                let full = if path.is_empty() {
                    part.to_owned()
                } else {
                    format!("{path}/{part}")
                };
                if let Some(why) = names::why_not(&full) {
                    return Err(ProviderError::new(
                        ErrorKind::Unsupported,
                        operation,
                        format!("{full:?} can not be an object's name: {why}"),
                    ));
                }
                match here
                    .look(&name)
                    .map_err(|error| io_error(operation, &format!("{full:?}"), error))?
                {
                    Some((Kind::File, stamp)) => {
                        listing.objects.insert(full, stamp);
                    }
                    Some((Kind::Folder, _)) => waiting.push(full),
                    Some((Kind::Odd(what), _)) => {
                        listing.odd.insert(full, what);
                    }
                    None => return Err(changes(operation, &full)),
                }
            }
        }
        // A file moved from a folder not yet read into one read already would be
        // missed: every folder must be as it was.
        for (path, before) in &seen {
            let now = stamp(&walk(root, operation, path)?, operation, path)?;
            if now != *before {
                return Err(changes(operation, path));
            }
        }
        Ok(listing)
    }

    /// What is neither a file nor a folder, in words; `None` when there is nothing.
    pub(crate) fn oddities(&self) -> Option<String> {
        let (name, what) = self.odd.iter().next()?;
        Some(format!(
            "{name:?} is {what}, which is neither followed nor copied (and {} more like it); replace it by a file or remove it",
            self.odd.len() - 1
        ))
    }
}

fn walk(root: &Folder, operation: &str, path: &str) -> Result<Folder, ProviderError> {
    root.walk(path).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            changes(operation, path)
        } else {
            io_error(operation, &format!("folder {path:?}"), error)
        }
    })
}

fn stamp(folder: &Folder, operation: &str, path: &str) -> Result<Stamp, ProviderError> {
    folder
        .stamp()
        .map_err(|error| io_error(operation, &format!("folder {path:?}"), error))
}

fn changes(operation: &str, path: &str) -> ProviderError {
    ProviderError::new(
        ErrorKind::Transient,
        operation,
        format!(
            "the dataset changed at {path:?} while it was listed; stop its writers and try again"
        ),
    )
}
