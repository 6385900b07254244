//! A courier that is killed in the middle of ten thousand letters.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::conformance::Permits;
use deprovision_core::provider::{NoticeStage, Notifier as _};
use deprovision_core::time::Period;
use deprovision_notify::{Channel, Courier, CourierConfig, Letter, QuietHours, Sent};

use super::world::{accepted, notice};

/// Says to this program, started again, where the queue is, and how many lives it had.
const DIRECTORY: &str = "DEPROVISION_TEST_COURIER";
const LIFE: &str = "DEPROVISION_TEST_COURIER_LIFE";
const PEOPLE: usize = 10_000;
const AT_ONCE: usize = 32;
const LIVES: u64 = 6;

/// A channel that writes a line a letter: what is written stays when the writer is killed.
struct Lines(File);

#[async_trait]
impl Channel for Lines {
    fn name(&self) -> &str {
        "lines"
    }

    async fn send(&self, letter: &Letter, _: Duration) -> Sent {
        let line = format!("{} {}\n", letter.key(), letter.to().email);
        (&self.0).write_all(line.as_bytes()).unwrap();
        // The answer takes a moment, in which the process may end.
        tokio::time::sleep(Duration::from_micros(300)).await;
        accepted()
    }
}

fn lines(directory: &Path) -> PathBuf {
    directory.join("lines")
}

async fn open(directory: &Path, permits: &Permits) -> Courier {
    let mut config = CourierConfig::new(directory.join("queue.redb"), "shop");
    config.quiet = QuietHours::none();
    config.digest = Period::ZERO;
    config.at_once = AT_ONCE;
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(lines(directory))
        .unwrap();
    Courier::open(config, Arc::new(Lines(file)), permits.clock().clone())
        .await
        .unwrap()
}

/// The engine hands over what it handed over before, and letters go.
async fn live(directory: &Path, life: u64) {
    let permits = Permits::new();
    permits.clock().advance(Period::hours(life));
    let courier = open(directory, &permits).await;
    let permit = permits.permit().await.unwrap();
    let numbers: Vec<usize> = (0..PEOPLE).collect();
    for some in numbers.chunks(500) {
        let sends = some.iter().map(|number| {
            let person = format!("p{number}");
            let id = courier.notice_id(&person).unwrap();
            let notice = notice(id, "orders-v1", NoticeStage::Announcement, &person);
            let (courier, permit) = (&courier, &permit);
            async move { courier.send(&notice, permit).await.unwrap() }
        });
        futures_util::future::join_all(sends).await;
    }
    courier.deliver_due().await.unwrap();
    permits.clock().advance(Period::hours(1));
    courier.deliver_due().await.unwrap();
    let status = courier.status().await.unwrap();
    assert_eq!((status.delivered, status.waiting), (PEOPLE as u64, 0));
}

#[tokio::test]
async fn i_15_a_killed_courier_sends_to_everybody_once_but_for_the_letters_under_way() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        let life = std::env::var(LIFE).unwrap().parse().unwrap();
        return live(Path::new(&directory), life).await;
    }
    let directory = tempfile::tempdir().unwrap();
    let written = || std::fs::metadata(lines(directory.path())).map_or(0, |file| file.len());
    for life in 0..LIVES {
        let before = written();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "courier::killed::i_15_a_killed_courier_sends_to_everybody_once_but_for_the_letters_under_way",
            ])
            .env(DIRECTORY, directory.path())
            .env(LIFE, life.to_string())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // In the first life before a letter went, in the others between two of them.
        let some = if life == 0 { 0 } else { 60_000 + life * 1_000 };
        while life == 0 && !directory.path().join("queue.redb").exists()
            || written() < before + some
        {
            assert!(
                child.try_wait().unwrap().is_none(),
                "it is killed before it ends"
            );
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(life * 1_300));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    live(directory.path(), LIVES).await;
    let text = std::fs::read_to_string(lines(directory.path())).unwrap();
    let mut copies = BTreeMap::<&str, usize>::new();
    for line in text.lines() {
        *copies.entry(line).or_default() += 1;
    }
    assert_eq!(copies.len(), PEOPLE, "everybody, and each under one key");
    assert!(
        copies.values().all(|copies| *copies <= 2),
        "nobody gets three"
    );
    let twice = copies.values().filter(|copies| **copies == 2).count();
    let lives = usize::try_from(LIVES).unwrap();
    assert!(twice <= AT_ONCE * (lives - 1), "{twice} got two");
}
