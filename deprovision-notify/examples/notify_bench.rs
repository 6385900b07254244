//! What `cargo xtask bench notify` runs: ten thousand people are told by e-mail.
//!
//! `notify_bench sink <address> <milliseconds>`: a mail server that takes every message
//! after so long, and tells with `XCOUNT` how many messages it took since the last time,
//! and for how many people. `notify_bench raw <address> <people>`: the mail library alone.
//! `notify_bench ours <address> <people> <file>`: the same messages through a courier.

use std::collections::HashSet;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::catalog::Contact;
use deprovision_core::conformance::Permits;
use deprovision_core::id::{ApiId, CallerId, PersonId, RetirementId};
use deprovision_core::provider::{
    AnswerLinks, CallFacts, Notice, NoticeFacts, NoticeStage, Notifier as _, RoleFacts,
};
use deprovision_core::resource::NoticeId;
use deprovision_core::time::{Period, SystemClock, Timestamp};
use deprovision_notify::{Channel, Courier, CourierConfig, Letter, QuietHours, Sent};
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

type Failure = Box<dyn Error + Send + Sync>;
type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Connections to the mail server, for either.
const CONNECTIONS: usize = 8;
/// So many notices the engine hands over side by side.
const HANDED_OVER: usize = 32;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["sink", address, takes] => sink(address, Duration::from_millis(takes.parse()?)).await,
        ["raw", address, people] => raw(address, people.parse()?).await,
        ["ours", address, people, file] => ours(address, people.parse()?, Path::new(file)).await,
        _ => Err(
            "sink <address> <milliseconds>, raw <address> <people> or ours <address> <people> <file>".into(),
        ),
    }
}

/// Tells one person of one API, as an engine would.
fn notice(id: NoticeId, number: usize) -> Result<Notice, Failure> {
    let person = PersonId::parse(format!("person-{number:05}"))?;
    let email = format!("{person}@example.com").parse()?;
    let mut facts = NoticeFacts::new(ApiId::parse("orders-v1")?, "Orders v1");
    facts.retirement = Some(RetirementId::parse("orders-v1-2027")?);
    facts.reason = "It is old, few still use it, and v2 does all that it did.".to_owned();
    facts.roles = vec![RoleFacts::consumer(&format!("shop-{number}").parse()?)];
    facts.ends = Some("2027-06-30T00:00:00Z".parse()?);
    facts.routes = (0..8)
        .map(|n| format!("GET /v1/orders/{{id}}/items/{n}"))
        .collect();
    let caller = CallerId::parse(format!("shop-{number}"))?;
    facts.calls = vec![CallFacts::new(caller, 40_000, Timestamp::UNIX_EPOCH)];
    let link = |what| format!("https://apis.example.com/{what}?token={}", "k".repeat(120));
    facts.links = Some(AnswerLinks::new(link("yes"), link("no"), link("later")));
    let to = Contact::new(person, email);
    Ok(Notice::new(id, NoticeStage::Announcement, to, facts))
}

/// The message, for either.
fn message(key: &str, notice: &Notice) -> Result<Message, Failure> {
    let facts = &notice.facts;
    let mut text = format!("{} will be retired. {}\n\n", facts.title, facts.reason);
    let roles = facts.roles.iter().map(|role| &role.text);
    for line in roles.chain(&facts.routes) {
        text += &format!("  {line}\n");
    }
    for call in &facts.calls {
        text += &format!("  {} called {} times\n", call.caller, call.requests);
    }
    if let Some(links) = &facts.links {
        text += &format!(
            "\n{}\n{}\n{}\n",
            links.acknowledge, links.object, links.more_time
        );
    }
    Ok(Message::builder()
        .from("apis@example.com".parse()?)
        .to(notice.to.email.as_str().parse()?)
        .subject("Orders v1 will be retired")
        .message_id(Some(format!("<{key}@example.com>")))
        .body(text)?)
}

fn transport(address: &str) -> Result<Transport, Failure> {
    let (host, port) = address.split_once(':').ok_or("an address has a port")?;
    let size = u32::try_from(CONNECTIONS)?;
    Ok(Transport::builder_dangerous(host)
        .port(port.parse()?)
        .pool_config(PoolConfig::new().max_size(size))
        .build())
}

async fn raw(address: &str, people: usize) -> Result<(), Failure> {
    let (transport, mut running) = (transport(address)?, JoinSet::new());
    for number in 0..people {
        if running.len() == CONNECTIONS
            && let Some(done) = running.join_next().await
        {
            done??;
        }
        let transport = transport.clone();
        running.spawn(async move {
            let id: NoticeId = format!("raw:shop:local:{number}").parse()?;
            let notice = notice(id, number)?;
            let message = message(&format!("raw-{number}"), &notice)?;
            transport.send(message).await?;
            Ok::<(), Failure>(())
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(())
}

/// A channel that does no more than `raw`.
struct Plain {
    transport: Transport,
    free: Semaphore,
}

impl Plain {
    async fn try_send(&self, letter: &Letter) -> Result<String, Failure> {
        let one = letter.notices().first().ok_or("a letter has a notice")?;
        let message = message(letter.key(), one)?;
        let _permit = self.free.acquire().await?;
        let answer = self.transport.send(message).await?;
        Ok(answer.message().collect())
    }
}

#[async_trait]
impl Channel for Plain {
    fn name(&self) -> &str {
        "plain"
    }

    async fn send(&self, letter: &Letter, _: Duration) -> Sent {
        match self.try_send(letter).await {
            Ok(receipt) => Sent::Accepted { receipt },
            Err(error) => Sent::Unsure {
                why: error.to_string(),
            },
        }
    }
}

async fn ours(address: &str, people: usize, file: &Path) -> Result<(), Failure> {
    let channel = Arc::new(Plain {
        transport: transport(address)?,
        free: Semaphore::new(CONNECTIONS),
    });
    let mut config = CourierConfig::new(file, "shop");
    (config.digest, config.quiet) = (Period::ZERO, QuietHours::none());
    let courier = Courier::open(config, channel, Arc::new(SystemClock::new())).await?;
    let permit = Permits::new().permit().await?;
    let numbers: Vec<usize> = (0..people).collect();
    let begin = std::time::Instant::now();
    for some in numbers.chunks(HANDED_OVER) {
        let (courier, permit) = (&courier, &permit);
        let sends = some.iter().map(|number| async move {
            let name = format!("orders-v1-2027/announcement/person-{number:05}");
            let notice = notice(courier.notice_id(&name)?, *number)?;
            courier.send(&notice, permit).await?;
            Ok::<(), Failure>(())
        });
        futures_util::future::try_join_all(sends).await?;
    }
    let queued = begin.elapsed();
    courier.deliver_due().await?;
    let status = courier.status().await?;
    if status.delivered != people as u64 {
        return Err(format!("not all were delivered: {status:?}").into());
    }
    say(format_args!(
        "queued in {queued:.2?}, all done after {:.2?}",
        begin.elapsed()
    ));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is a program that is read")]
fn say(what: std::fmt::Arguments<'_>) {
    println!("{what}");
}

/// What a sink took.
#[derive(Default)]
struct Taken {
    messages: usize,
    people: HashSet<String>,
}

async fn sink(address: &str, takes: Duration) -> Result<(), Failure> {
    let listener = TcpListener::bind(address).await?;
    let taken = Arc::new(Mutex::new(Taken::default()));
    loop {
        let (stream, _) = listener.accept().await?;
        let taken = taken.clone();
        tokio::spawn(async move {
            // A client that is gone is no trouble of the server's.
            let _ = serve(stream, takes, &taken).await;
        });
    }
}

async fn serve(stream: TcpStream, takes: Duration, taken: &Mutex<Taken>) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let (mut line, mut to) = (String::new(), String::new());
    stream.write_all(b"220 sink\r\n").await?;
    loop {
        if !read(&mut stream, &mut line).await? {
            return Ok(());
        }
        let answer = match line.get(..4).unwrap_or_default() {
            "EHLO" => "250-sink\r\n250 8BITMIME\r\n".to_owned(),
            "MAIL" | "RSET" | "NOOP" => "250 ok\r\n".to_owned(),
            "RCPT" => {
                to.clone_from(&line);
                "250 ok\r\n".to_owned()
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                while line != ".\r\n" {
                    if !read(&mut stream, &mut line).await? {
                        return Ok(());
                    }
                }
                if takes > Duration::ZERO {
                    tokio::time::sleep(takes).await;
                }
                let mut taken = taken.lock().map_err(|_| "another connection failed")?;
                taken.messages += 1;
                taken.people.insert(std::mem::take(&mut to));
                "250 taken\r\n".to_owned()
            }
            "XCOU" => {
                let taken = std::mem::take(&mut *taken.lock().map_err(|_| "it failed")?);
                format!("250 {} {}\r\n", taken.messages, taken.people.len())
            }
            "QUIT" => "221 bye\r\n".to_owned(),
            _ => "500 what?\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// Reads a line; whether there is one.
///
/// The library sends the last bytes of a message only when those before were
/// acknowledged, for which a system takes its time (40 ms) unless it is told not to.
async fn read(stream: &mut BufReader<TcpStream>, line: &mut String) -> Result<bool, Failure> {
    #[cfg(target_os = "linux")]
    if stream.buffer().is_empty() {
        stream.get_ref().set_quickack(true)?;
    }
    line.clear();
    Ok(stream.read_line(line).await? > 0)
}
