//! An example that runs beside a test, which hears what it says.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crate::program::program;

/// Far more than any course takes, also on a slow machine: it is there so that a
/// program that stands still fails the test instead of stopping it.
const PATIENCE: Duration = Duration::from_secs(300);

/// An example that runs, and what it says.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    pub(crate) said: String,
}

impl Running {
    pub(crate) fn start(example: &'static str, args: &[&str], dir: &Path) -> Self {
        let mut child = Command::new(program(example))
            .args(args)
            .arg("--dir")
            .arg(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = channel();
        let out = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines() {
                let Ok(line) = line else { return };
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            lines,
            said: String::new(),
        }
    }

    /// Its next line; `None` when it ended, or said nothing for very long and was
    /// killed for that.
    pub(crate) fn hear(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.said.push_str(&line);
                self.said.push('\n');
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                self.child.kill().unwrap();
                None
            }
        }
    }

    /// Waits for a line that contains something; true when there is one.
    pub(crate) fn until(&mut self, part: &str) -> bool {
        while let Some(line) = self.hear() {
            if line.contains(part) {
                return true;
            }
        }
        false
    }

    /// Ctrl-C.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// SIGKILL.
    #[cfg(unix)]
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end; gives its exit code and all that it said.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        while self.hear().is_some() {}
        let code = self.child.wait().unwrap().code();
        let mut complaint = String::new();
        let mut err = self.child.stderr.take().unwrap();
        err.read_to_string(&mut complaint).unwrap();
        (code, self.said + &complaint)
    }
}

/// The lines below a heading.
pub(crate) fn parts<'a>(said: &'a str, heading: &str) -> impl Iterator<Item = &'a str> {
    let (_, after) = said
        .split_once(&format!("== {heading}"))
        .unwrap_or(("", ""));
    let (part, _) = after.split_once("\n== ").unwrap_or((after, ""));
    part.lines().filter(|line| !line.trim().is_empty())
}
