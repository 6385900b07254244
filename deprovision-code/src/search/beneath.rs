//! Opening files below a folder, and nothing else: no link on the way is followed, also
//! when somebody puts one there in the meantime.

use std::fs::File;
use std::io;
use std::path::Path;

/// A folder that is open.
#[derive(Debug)]
pub(crate) struct Folder {
    #[cfg(unix)]
    fd: rustix::fd::OwnedFd,
    #[cfg(not(unix))]
    path: std::path::PathBuf,
}

#[cfg(unix)]
impl Folder {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { fd })
    }

    /// Opens a file for reading, by its path from the folder. A pipe does not block.
    pub(crate) fn file(&self, path: &Path) -> io::Result<File> {
        match self.file_at_once(path) {
            Some(file) => file,
            None => self.file_step_by_step(path),
        }
    }

    /// With one call, where the system has it.
    #[cfg(target_os = "linux")]
    fn file_at_once(&self, path: &Path) -> Option<io::Result<File>> {
        use rustix::fs::{Mode, ResolveFlags};
        use rustix::io::Errno;
        let resolve =
            ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        match rustix::fs::openat2(&self.fd, path, FILE, Mode::empty(), resolve) {
            Ok(fd) => Some(Ok(fd.into())),
            // An old kernel, or a sandbox that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => None,
            Err(error) => Some(Err(error.into())),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn file_at_once(&self, _path: &Path) -> Option<io::Result<File>> {
        None
    }

    fn file_step_by_step(&self, path: &Path) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags};
        use std::path::Component;
        const STEP: OFlags = OFlags::RDONLY
            .union(OFlags::DIRECTORY)
            .union(OFlags::NOFOLLOW)
            .union(OFlags::CLOEXEC);
        let mut folder: Option<rustix::fd::OwnedFd> = None;
        let mut parts = path.components().peekable();
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else {
                return Err(io::Error::from(io::ErrorKind::InvalidInput));
            };
            let at = folder.as_ref().unwrap_or(&self.fd);
            let last = parts.peek().is_none();
            let flags = if last { FILE } else { STEP };
            let fd = rustix::fs::openat(at, name, flags, Mode::empty())?;
            if last {
                return Ok(fd.into());
            }
            folder = Some(fd);
        }
        Err(io::Error::from(io::ErrorKind::InvalidInput))
    }
}

#[cfg(unix)]
const FILE: rustix::fs::OFlags = rustix::fs::OFlags::RDONLY
    .union(rustix::fs::OFlags::NOFOLLOW)
    .union(rustix::fs::OFlags::NONBLOCK)
    .union(rustix::fs::OFlags::NOCTTY)
    .union(rustix::fs::OFlags::CLOEXEC);

#[cfg(not(unix))]
impl Folder {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            path: path.to_owned(),
        })
    }

    pub(crate) fn file(&self, path: &Path) -> io::Result<File> {
        File::open(self.path.join(path))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_is_followed_nowhere_on_the_way() {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("x"), "outside").unwrap();
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("a/b")).unwrap();
        std::fs::write(tree.path().join("a/b/x"), "inside").unwrap();
        symlink(outside.path(), tree.path().join("a/link")).unwrap();
        symlink(outside.path().join("x"), tree.path().join("a/x")).unwrap();
        symlink("b", tree.path().join("a/inner")).unwrap();
        let folder = Folder::open(tree.path()).unwrap();
        for at_once in [true, false] {
            let open = |path: &Path| match at_once {
                true => folder.file(path),
                false => folder.file_step_by_step(path),
            };
            let mut text = String::new();
            open(Path::new("a/b/x"))
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, "inside");
            let absolute = outside.path().join("x");
            for path in [
                "a/x",
                "a/link/x",
                "a/inner/x",
                "../x",
                "a/../../x",
                "",
                "a/none",
            ] {
                assert!(open(Path::new(path)).is_err(), "{path}");
            }
            assert!(open(&absolute).is_err());
        }
    }
}
