//! A process that is killed, over and over.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use deprovision_core::digest::Digest;
use deprovision_core::journal::{Authority, Entry, Journal as _};
use deprovision_core::time::{Period, SystemClock};
use deprovision_journal::RedbJournal;
use tempfile::TempDir;

use crate::common::{Dice, contents, follow, stream, worker};

/// Tells the test below that it is the child, and what to do.
const PATH: &str = "DEPROVISION_TEST_CHILD_JOURNAL";
const HOLD: &str = "DEPROVISION_TEST_CHILD_HOLDS";

const TEST: &str = "kill::i_15_nothing_acknowledged_is_lost_when_the_process_is_killed";

/// How often the process is killed.
const KILLS: u64 = 36;

/// This test binary again, in the part of the child.
pub(crate) struct Child {
    process: std::process::Child,
    output: BufReader<ChildStdout>,
}

impl Child {
    fn start(path: &Path, hold: bool) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", TEST, "--nocapture", "--test-threads=1"])
            .env(PATH, path)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        if hold {
            command.env(HOLD, "yes");
        }
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, output }
    }

    /// A child that has the journal open and does nothing.
    pub(crate) fn holding(path: &Path) -> Self {
        let mut child = Self::start(path, true);
        child.wait_for("open");
        child
    }

    /// Reads until the child says the word.
    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "the child ended before it said {word:?}");
        }
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        let status = self.process.wait().unwrap();
        assert!(!status.success(), "the child was done before it was killed");
    }

    /// Kills it, and gives the whole lines it wrote.
    fn last_words(mut self) -> Vec<String> {
        self.kill();
        let mut text = String::new();
        self.output.read_to_string(&mut text).unwrap();
        text.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}

/// What the child said was stored.
#[derive(Default)]
struct Acknowledged {
    entries: BTreeMap<(String, u64), Digest>,
    epochs: BTreeMap<String, u64>,
}

impl Acknowledged {
    fn add(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        match words[..] {
            ["appended", stream, version, digest] => {
                let key = (stream.to_owned(), version.parse().unwrap());
                self.entries.insert(key, digest.parse().unwrap());
            }
            ["claimed", stream, epoch] => {
                let epoch: u64 = epoch.parse().unwrap();
                let before = self.epochs.insert(stream.to_owned(), epoch);
                assert!(before.is_none_or(|before| before < epoch), "{line}");
            }
            // What the test harness prints.
            _ => {}
        }
    }
}

/// Says something in one write, so that a kill can not mix lines.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{text}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// The child: appends to four streams at once and claims them, until it is killed.
async fn child(path: &Path) {
    let clock = Arc::new(SystemClock::new());
    let journal = RedbJournal::create(path, clock).await.unwrap();
    say("open");
    if std::env::var_os(HOLD).is_some() {
        tokio::time::sleep(Duration::from_secs(60)).await;
        return;
    }
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..4 {
        let journal = journal.clone();
        let name = stream(&format!("r{number}"));
        writers.spawn(async move {
            let before = journal.read(&name, 0, usize::MAX).await;
            let mut newest = before.unwrap_or_default().pop();
            loop {
                let expected = newest.as_ref().map_or(0, |entry| entry.version);
                let mut entries: Vec<Entry> = Vec::new();
                for note in 0..=expected % 3 {
                    let before = entries.last().or(newest.as_ref());
                    entries.push(follow(&name, before, &"x".repeat(note as usize * 300)));
                }
                journal
                    .append(&name, expected, Authority::Bystander, &entries)
                    .await
                    .unwrap();
                for entry in &entries {
                    say(&format!(
                        "appended {name} {} {}",
                        entry.version, entry.digest
                    ));
                }
                newest = entries.pop();
            }
        });
    }
    writers.spawn(async move {
        loop {
            // A lease that is over at once, so that the next claim gets it again.
            let leases = journal.claim_due(&worker(), Period::ZERO, 2).await.unwrap();
            for lease in leases {
                say(&format!("claimed {} {}", lease.stream, lease.epoch));
            }
        }
    });
    while writers.join_next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i_15_nothing_acknowledged_is_lost_when_the_process_is_killed() {
    if let Some(path) = std::env::var_os(PATH) {
        return child(Path::new(&path)).await;
    }
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("journal");
    let mut dice = Dice(std::process::id().into());
    let mut all = Acknowledged::default();
    for round in 0..KILLS {
        let mut child = Child::start(&path, false);
        if round % 3 > 0 {
            // In the middle of its work; else wherever it is, even before it opened.
            child.wait_for("appended");
        }
        std::thread::sleep(Duration::from_micros(dice.below(40_000)));
        for line in child.last_words() {
            all.add(&line);
        }
        if all.entries.is_empty() && !path.exists() {
            continue;
        }
        let clock = Arc::new(SystemClock::new());
        let journal = RedbJournal::open(&path, clock).await.unwrap();
        let stored = contents(&journal).await.unwrap();
        for ((name, version), digest) in &all.entries {
            let (_, entries) = &stored[&stream(name)];
            let entry = entries.get(*version as usize - 1);
            assert_eq!(
                entry.map(|entry| entry.digest),
                Some(*digest),
                "entry {version} of {name} was acknowledged and is lost in round {round}"
            );
        }
        let ttl = Period::ZERO;
        for lease in journal.claim_due(&worker(), ttl, usize::MAX).await.unwrap() {
            let name = lease.stream.to_string();
            let before = all.epochs.insert(name, lease.epoch).unwrap_or(0);
            assert!(
                lease.epoch > before,
                "epoch {} of {} was granted before, in round {round}",
                lease.epoch,
                lease.stream
            );
        }
    }
    assert!(all.entries.len() as u64 > KILLS, "too little was written");
    assert_eq!(all.epochs.len(), 4, "too little was claimed");
}
