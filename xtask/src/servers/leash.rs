//! A server that does not outlive us.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;

/// How long a server may take until it answers.
const READY: Duration = Duration::from_secs(60);

/// Runs the server, and kills it once our end of the pipe is closed: that happens
/// when we stop it, when we fail, after Ctrl-C, and even after `kill -9`.
const KEEPER: &str = r#""$@" <&- & server=$!
(read -r _; kill -9 "$server") <&3 3<&- & watch=$!
exec 3<&-
wait "$server"; code=$?
kill "$watch" 2>/dev/null
exit "$code""#;

/// A server that dies with us.
#[derive(Debug)]
pub(crate) struct Leashed {
    name: &'static str,
    keeper: Child,
    log: PathBuf,
}

impl Leashed {
    /// Starts the server with its output in `folder`.
    pub(crate) fn start(
        name: &'static str,
        folder: &Path,
        server: &mut Command,
    ) -> Result<Self, Failure> {
        let log = folder.join(format!("{name}.log"));
        let trouble = |error: std::io::Error| format!("{name} could not be started: {error}");
        let output = File::create(&log).map_err(trouble)?;
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("exec 3<&0; {KEEPER}"), name])
            .arg(server.get_program())
            .args(server.get_args())
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(output.try_clone().map_err(trouble)?)
            .stderr(output);
        // Ctrl-C goes to a whole group: the server is stopped by the pipe alone, so
        // that a test that is still at work does not lose it first.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let keeper = command.spawn().map_err(trouble)?;
        Ok(Self { name, keeper, log })
    }

    /// Returns once `GET path` is answered with one of the statuses.
    pub(crate) fn wait_for(
        &mut self,
        address: SocketAddr,
        path: &str,
        statuses: &[u16],
    ) -> Result<(), Failure> {
        let started = Instant::now();
        loop {
            if let Ok(Some(status)) = self.keeper.try_wait() {
                return Err(self.broken(&ended(status)));
            }
            match get(address, path) {
                Ok(status) if statuses.contains(&status) => return Ok(()),
                Ok(_) | Err(_) => {}
            }
            if started.elapsed() > READY {
                return Err(self.broken(&format!("no answer within {} s", READY.as_secs())));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn broken(&self, why: &str) -> Failure {
        let mut text = String::new();
        let read = File::open(&self.log).and_then(|mut log| log.read_to_string(&mut text));
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        let last: Vec<&str> = lines.into_iter().rev().collect();
        match read {
            Ok(_) => format!(
                "{}: {why}; it said (all of it in {}):\n{}",
                self.name,
                self.log.display(),
                last.join("\n")
            ),
            Err(_) => format!("{}: {why}", self.name),
        }
    }
}

fn ended(status: ExitStatus) -> String {
    format!("it ended at once ({status})")
}

impl Drop for Leashed {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // The keeper ends when its server has.
        let _ = self.keeper.wait();
    }
}

/// The status of the answer to `GET path`.
fn get(address: SocketAddr, path: &str) -> std::io::Result<u16> {
    let wait = Duration::from_secs(5);
    let mut stream = TcpStream::connect_timeout(&address, wait)?;
    stream.set_read_timeout(Some(wait))?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    String::from_utf8_lossy(&reply)
        .split_whitespace()
        .nth(1)
        .and_then(|status| status.parse().ok())
        .ok_or_else(|| std::io::Error::other("no answer of HTTP"))
}

#[cfg(test)]
mod unit {
    use super::*;

    fn is_alive(process: &str) -> bool {
        Command::new("kill")
            .args(["-0", process])
            .stderr(Stdio::null())
            .status()
            .unwrap()
            .success()
    }

    /// The process id that the server wrote down.
    fn written(file: &Path) -> String {
        for _ in 0..200 {
            match std::fs::read_to_string(file) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                Ok(_) | Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        }
        panic!("the server wrote no process id");
    }

    #[test]
    fn a_server_ends_with_its_leash_and_one_that_ends_at_once_is_told_with_its_last_words() {
        let folder = std::env::temp_dir().join(format!("leash-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("pid");
        let sleep = format!("echo $$ > {}; exec sleep 600", file.display());
        let server = Leashed::start("sleeper", &folder, Command::new("sh").args(["-c", &sleep]));
        let process = written(&file);
        assert!(is_alive(&process));
        drop(server);
        assert!(!is_alive(&process), "it outlived its leash");

        let mut server = Leashed::start(
            "talker",
            &folder,
            Command::new("sh").args(["-c", "echo no such option; exit 3"]),
        )
        .unwrap();
        let address: SocketAddr = "127.0.0.1:9".parse().unwrap();
        let why = server.wait_for(address, "/", &[200]).unwrap_err();
        assert!(why.contains("no such option"), "{why}");
        drop(server);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
