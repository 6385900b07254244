//! The files that are written: whole or not at all.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use deprovision_usage::Input;
use tempfile::NamedTempFile;

use crate::args::Args;
use crate::given::Given;
use crate::stop::{Failure, Stop};

/// Which files are wanted.
#[derive(Debug)]
pub(crate) struct Outputs {
    pub(crate) report: Option<PathBuf>,
    pub(crate) html: Option<PathBuf>,
}

impl Outputs {
    /// Looks before the long reading whether the files can be written, and are none
    /// of those that are read.
    pub(crate) fn plan(args: &Args, given: &Given) -> Result<Self, Failure> {
        let read = given.logs.values().flat_map(|inputs| &inputs.files);
        let logs = read.filter_map(|input| match input {
            Input::File(path) => Some(path),
            Input::Stdin | _ => None,
        });
        let read: Vec<PathBuf> = given
            .catalog_files
            .iter()
            .chain(logs)
            .chain([&args.policy, &args.agents].into_iter().flatten())
            .filter_map(|path| path.canonicalize().ok())
            .collect();
        let (report, html) = (args.report_out.clone(), args.html.clone());
        for path in [&report, &html].into_iter().flatten() {
            if path.canonicalize().is_ok_and(|path| read.contains(&path)) {
                return Err(Failure::Refused(format!(
                    "{} is read, and would be overwritten; name another file",
                    path.display()
                )));
            }
            if path.is_dir() {
                return Err(Failure::Refused(format!(
                    "{} is a directory; name a file in it",
                    path.display()
                )));
            }
            begin(path)?;
        }
        if report.is_some() && report == html {
            return Err(Failure::Refused(
                "--html and --report-out name one file; write two".to_owned(),
            ));
        }
        Ok(Self { report, html })
    }
}

/// A file that is whole, under another name. It is gone unless it is published.
#[derive(Debug)]
pub(crate) struct Written {
    file: NamedTempFile,
    path: PathBuf,
}

impl Written {
    /// Gives it its name, in one step.
    pub(crate) fn publish(self) -> Result<(), Failure> {
        match self.file.persist(&self.path) {
            Ok(_) => Ok(()),
            Err(error) => Err(unwritable(&self.path, &error.error)),
        }
    }
}

pub(crate) fn write(
    path: &Path,
    stop: &Stop,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<Written, Failure> {
    let file = begin(path)?;
    let mut to = BufWriter::new(UntilStopped { file, stop });
    let done = content(&mut to).and_then(|()| to.flush());
    stop.check()?;
    let file = done
        .and_then(|()| to.into_inner().map_err(|error| error.into_error()))
        .and_then(|whole| whole.file.as_file().sync_all().map(|()| whole.file))
        .map_err(|error| unwritable(path, &error))?;
    Ok(Written {
        file,
        path: path.to_owned(),
    })
}

/// A file beside the one that is wanted.
fn begin(path: &Path) -> Result<NamedTempFile, Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".audit-");
    // As any program writes a file: the umask decides who may read it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
        .tempfile_in(folder)
        .map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Refused(format!(
        "{} can not be written ({error}); name a file in a directory that exists and may be written",
        path.display()
    ))
}

/// Writes until Ctrl-C is pressed.
struct UntilStopped<'a> {
    file: NamedTempFile,
    stop: &'a Stop,
}

impl Write for UntilStopped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.stop.is_asked() {
            return Err(io::Error::other("stopped"));
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
