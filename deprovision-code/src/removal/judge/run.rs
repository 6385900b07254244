//! Running a command so that it ends: with everything that it started, in time, and
//! with no more output than is asked for.

use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::removal::Judge;

/// How much of the output is kept.
const KEPT: usize = 16 * 1024;

/// How often it is looked whether the command has ended.
const PACE: Duration = Duration::from_millis(20);

/// The variable that tells a command that it judges, and by which its strays are found.
pub(crate) const MARK: &str = "DEPROVISION_JUDGE";

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Accepted,
    /// With this exit code or signal.
    Refused(String),
    TimedOut,
}

/// How a command ended, and the end of what it wrote.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) end: End,
    pub(crate) said: String,
}

/// The directories of one run.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    /// The copy of the repository.
    pub(crate) tree: &'a Path,
    /// An empty directory.
    pub(crate) home: &'a Path,
    /// Another one.
    pub(crate) temporary: &'a Path,
}

/// Runs the command to its end. Blocks.
pub(crate) fn run(
    judge: &Judge,
    room: &Room<'_>,
    limit: Duration,
    stop: &AtomicBool,
) -> std::io::Result<Ran> {
    let (reader, writer) = std::io::pipe()?;
    let program = Path::new(&judge.program);
    // A relative path is one of the repository's own files.
    let of_the_tree = program.is_relative() && program.components().count() > 1;
    let mut command = match of_the_tree {
        true => Command::new(room.tree.join(program)),
        false => Command::new(program),
    };
    command.args(&judge.arguments).current_dir(room.tree);
    command.env_clear();
    for name in &judge.passed {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("HOME", room.home).env(MARK, room.home);
    for name in ["TMPDIR", "TEMP", "TMP"] {
        command.env(name, room.temporary);
    }
    command.envs(&judge.set);
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let begun = Instant::now();
    let mut child = command.spawn()?;
    // With the command goes our end of the pipe: reading ends when the last writer does.
    drop(command);
    let tail = Tail::read(reader);
    let in_time = loop {
        match has_ended(&mut child) {
            Ok(true) => break Ok(true),
            Ok(false) => {}
            Err(error) => break Err(error),
        }
        if begun.elapsed() >= limit || stop.load(Ordering::Relaxed) {
            break Ok(false);
        }
        std::thread::sleep(PACE);
    };
    kill_all(&mut child, room.home);
    let status = child.wait()?;
    let end = match (in_time?, status.success()) {
        (false, _) => End::TimedOut,
        (true, true) => End::Accepted,
        (true, false) => End::Refused(status.to_string()),
    };
    Ok(Ran {
        end,
        said: tail.text(),
    })
}

/// Whether the command has ended. It is not reaped: its number stays its own until
/// its group is killed.
#[cfg(unix)]
fn has_ended(child: &mut Child) -> std::io::Result<bool> {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match waitid(
        WaitId::Pid(rustix::process::Pid::from_child(child)),
        options,
    ) {
        Ok(status) => Ok(status.is_some()),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn has_ended(child: &mut Child) -> std::io::Result<bool> {
    Ok(child.try_wait()?.is_some())
}

/// Kills the command and what it started.
fn kill_all(child: &mut Child, mark: &Path) {
    #[cfg(unix)]
    {
        let group = rustix::process::Pid::from_child(child);
        // An error means that nothing is left of it.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(target_os = "linux")]
    super::strays::kill(MARK, mark.as_os_str());
    #[cfg(not(target_os = "linux"))]
    let _ = mark;
    let _ = child.kill();
}

/// The end of an output, while it is read.
struct Tail {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    more: bool,
    ended: bool,
}

impl Tail {
    fn read(mut from: impl Read + Send + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let shared = kept.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 16 * 1024];
            loop {
                let read = from.read(&mut buffer);
                let mut kept = shared.lock().unwrap_or_else(PoisonError::into_inner);
                match read {
                    Ok(count @ 1..) => {
                        kept.bytes.extend_from_slice(&buffer[..count]);
                        if let Some(over @ 1..) = kept.bytes.len().checked_sub(KEPT) {
                            kept.bytes.drain(..over);
                            kept.more = true;
                        }
                    }
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Ok(_) | Err(_) => {
                        kept.ended = true;
                        return;
                    }
                }
            }
        });
        Self { kept }
    }

    /// What was written, once nobody writes any more; a stray that can not be killed
    /// is not waited for.
    fn text(self) -> String {
        let patience = Instant::now() + Duration::from_secs(2);
        loop {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.ended || Instant::now() > patience {
                let text = String::from_utf8_lossy(&kept.bytes);
                let text: String = text
                    .chars()
                    .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
                    .collect();
                let dots = if kept.more { "..." } else { "" };
                return format!("{dots}{}", text.trim());
            }
            drop(kept);
            std::thread::sleep(PACE);
        }
    }
}
