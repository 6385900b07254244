//! Folders by descriptor: every name is looked up in a folder that is already
//! open, one part at a time and without following links, so that nothing a
//! manifest, an id or another process says can lead outside.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags};

use crate::stamp::Stamp;

/// An open folder.
#[derive(Debug)]
pub(crate) struct Folder {
    fd: OwnedFd,
}

/// What a name stands for, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    /// A link, a socket, a pipe, a device; in words.
    Odd(&'static str),
}

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

impl Folder {
    /// Opens the folder that a person named in the configuration.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { fd })
    }

    /// Opens a folder inside.
    pub(crate) fn folder(&self, name: &OsStr) -> io::Result<Self> {
        one_part(name)?;
        let fd = rustix::fs::openat(&self.fd, name, FOLDER, Mode::empty())?;
        Ok(Self { fd })
    }

    /// Opens a folder inside by its relative path.
    pub(crate) fn walk(&self, path: &str) -> io::Result<Self> {
        let mut at = Self {
            fd: self.fd.try_clone()?,
        };
        for part in path.split('/').filter(|_| !path.is_empty()) {
            at = at.folder(OsStr::new(part))?;
        }
        Ok(at)
    }

    /// Opens a folder inside, and makes it when it is not there.
    pub(crate) fn make_folder(&self, name: &OsStr) -> io::Result<Self> {
        one_part(name)?;
        match rustix::fs::mkdirat(&self.fd, name, Mode::RWXU) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => self.folder(name),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The names inside, in no order.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd)? {
            let name = entry?.file_name().to_bytes().to_vec();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name));
            }
        }
        Ok(names)
    }

    /// What a name stands for; `None` when there is nothing of that name.
    pub(crate) fn look(&self, name: &OsStr) -> io::Result<Option<(Kind, Stamp)>> {
        one_part(name)?;
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => {
                let kind = match FileType::from_raw_mode(stat.st_mode) {
                    FileType::RegularFile => Kind::File,
                    FileType::Directory => Kind::Folder,
                    FileType::Symlink => Kind::Odd("a symbolic link"),
                    FileType::Fifo => Kind::Odd("a named pipe"),
                    FileType::Socket => Kind::Odd("a socket"),
                    FileType::CharacterDevice | FileType::BlockDevice => Kind::Odd("a device"),
                    FileType::Unknown => Kind::Odd("something of an unknown kind"),
                };
                Ok(Some((kind, Stamp::of(&stat))))
            }
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The stamp of the folder itself.
    pub(crate) fn stamp(&self) -> io::Result<Stamp> {
        Ok(Stamp::of(&rustix::fs::fstat(&self.fd)?))
    }

    /// Opens a regular file for reading; anything else is an error, and a pipe
    /// that somebody put there meanwhile does not block.
    pub(crate) fn read(&self, name: &OsStr) -> io::Result<(File, Stamp)> {
        one_part(name)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
        let stat = rustix::fs::fstat(&fd)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            ));
        }
        Ok((File::from(fd), Stamp::of(&stat)))
    }

    /// Makes a new file for writing, readable by its owner alone; fails when the
    /// name is taken.
    pub(crate) fn create(&self, name: &OsStr) -> io::Result<File> {
        one_part(name)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(File::from(fd))
    }

    /// Opens a file to lock it, and makes it when it is not there.
    pub(crate) fn lockable(&self, name: &OsStr) -> io::Result<File> {
        one_part(name)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(File::from(fd))
    }

    /// Renames inside this folder, over what has the new name.
    pub(crate) fn rename(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        one_part(from)?;
        one_part(to)?;
        Ok(rustix::fs::renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Removes a file (or a link itself); a name that is gone already is no error.
    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        one_part(name)?;
        gone_is_fine(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()))
    }

    /// Removes an empty folder; a name that is gone already is no error.
    pub(crate) fn remove_folder(&self, name: &OsStr) -> io::Result<()> {
        one_part(name)?;
        gone_is_fine(rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR))
    }

    /// Makes the names inside durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.fd)?)
    }

    /// Removes a folder inside with all that it holds. Links are removed, not followed.
    pub(crate) fn remove_all(&self, name: &OsStr) -> io::Result<()> {
        // One folder is open at a time, however deep the tree is.
        let mut path: Vec<OsString> = vec![name.to_owned()];
        while let Some(last) = path.last().cloned() {
            let mut parent = Self {
                fd: self.fd.try_clone()?,
            };
            for part in &path[..path.len() - 1] {
                parent = parent.folder(part)?;
            }
            match parent.look(&last)? {
                Some((Kind::Folder, _)) => {
                    let here = parent.folder(&last)?;
                    let mut deeper = None;
                    for inside in here.names()? {
                        match here.look(&inside)? {
                            Some((Kind::Folder, _)) => deeper = Some(inside),
                            Some((Kind::File | Kind::Odd(_), _)) | None => {
                                here.remove_file(&inside)?;
                            }
                        }
                    }
                    match deeper {
                        Some(inside) => path.push(inside),
                        None => {
                            parent.remove_folder(&last)?;
                            path.pop();
                        }
                    }
                }
                Some((Kind::File | Kind::Odd(_), _)) => {
                    parent.remove_file(&last)?;
                    path.pop();
                }
                None => {
                    path.pop();
                }
            }
        }
        Ok(())
    }
}

fn gone_is_fine(result: rustix::io::Result<()>) -> io::Result<()> {
    match result {
        Ok(()) | Err(rustix::io::Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Refuses what is not the name of one thing in one folder.
fn one_part(name: &OsStr) -> io::Result<()> {
    let bytes = name.as_bytes();
    if bytes.is_empty()
        || bytes == b"."
        || bytes == b".."
        || bytes.iter().any(|b| *b == b'/' || *b == 0)
    {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a plain name",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_outside() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("secret"), "x").unwrap();
        std::fs::create_dir(dir.path().join("in")).unwrap();
        std::os::unix::fs::symlink("..", dir.path().join("in/up")).unwrap();
        std::os::unix::fs::symlink("../secret", dir.path().join("in/link")).unwrap();
        let inside = Folder::open(&dir.path().join("in")).unwrap();
        for bad in ["..", ".", "", "../secret", "/etc", "a/b", "a\0b"] {
            assert!(inside.folder(OsStr::new(bad)).is_err(), "{bad:?}");
            assert!(inside.read(OsStr::new(bad)).is_err(), "{bad:?}");
            assert!(inside.create(OsStr::new(bad)).is_err(), "{bad:?}");
            assert!(inside.remove_file(OsStr::new(bad)).is_err(), "{bad:?}");
        }
        assert!(inside.walk("up/secret").is_err());
        assert!(inside.folder(OsStr::new("up")).is_err());
        assert!(inside.read(OsStr::new("link")).is_err());
        assert!(inside.lockable(OsStr::new("link")).is_err());
    }

    #[test]
    fn removing_a_tree_removes_links_and_not_what_they_point_to() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("kept"), "x").unwrap();
        std::fs::create_dir_all(dir.path().join("tree/a/b")).unwrap();
        std::fs::create_dir_all(dir.path().join("tree/c")).unwrap();
        std::fs::write(dir.path().join("tree/a/b/file"), "x").unwrap();
        std::os::unix::fs::symlink("../..", dir.path().join("tree/a/up")).unwrap();
        let root = Folder::open(dir.path()).unwrap();
        root.remove_all(OsStr::new("tree")).unwrap();
        assert!(!dir.path().join("tree").exists());
        assert!(dir.path().join("kept").exists());
        root.remove_all(OsStr::new("tree")).unwrap();
    }
}
