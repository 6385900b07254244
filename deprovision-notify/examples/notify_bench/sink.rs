//! A mail server that takes every message, and tells with `XCOUNT` what it took since it
//! was asked last: the tally, and over how many connections.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::Failure;
use crate::tally::Tally;

/// What it took.
#[derive(Default)]
struct Taken {
    mails: Vec<(String, Vec<u8>)>,
    connections: usize,
}

/// Serves until it is killed.
pub(crate) async fn serve(address: &str, takes: Duration) -> Result<(), Failure> {
    let listener = TcpListener::bind(address).await?;
    let taken = Arc::new(Mutex::new(Taken::default()));
    loop {
        let (stream, _) = listener.accept().await?;
        let taken = taken.clone();
        tokio::spawn(async move {
            // A client that is gone is no trouble of the server's.
            let _ = talk(stream, takes, &taken).await;
        });
    }
}

async fn talk(stream: TcpStream, takes: Duration, taken: &Mutex<Taken>) -> Result<(), Failure> {
    const BROKEN: &str = "another connection failed";
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let (mut line, mut to) = (Vec::new(), String::new());
    let mut sent_mail = false;
    stream.write_all(b"220 sink\r\n").await?;
    while read(&mut stream, &mut line).await? {
        let answer = match line.get(..4).unwrap_or_default() {
            b"EHLO" => "250-sink\r\n250 8BITMIME\r\n".to_owned(),
            b"MAIL" | b"RSET" | b"NOOP" => "250 ok\r\n".to_owned(),
            b"RCPT" => {
                let path = String::from_utf8_lossy(&line);
                let address = path
                    .split_once('<')
                    .and_then(|(_, rest)| rest.split_once('>'));
                to = address
                    .ok_or("a recipient is in angle brackets")?
                    .0
                    .to_owned();
                "250 ok\r\n".to_owned()
            }
            b"DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let Some(mail) = content(&mut stream).await? else {
                    return Ok(());
                };
                if takes > Duration::ZERO {
                    tokio::time::sleep(takes).await;
                }
                let mut taken = taken.lock().map_err(|_| BROKEN)?;
                taken.connections += usize::from(!std::mem::replace(&mut sent_mail, true));
                taken.mails.push((std::mem::take(&mut to), mail));
                "250 taken\r\n".to_owned()
            }
            b"XCOU" => {
                let taken = std::mem::take(&mut *taken.lock().map_err(|_| BROKEN)?);
                let mails = taken.mails.iter();
                let tally = Tally::of(mails.map(|(to, mail)| (to.as_str(), mail.as_slice())));
                let answer = format!("250 {tally} {}\r\n", taken.connections);
                return Ok(stream.write_all(answer.as_bytes()).await?);
            }
            b"QUIT" => "221 bye\r\n".to_owned(),
            _ => "500 what?\r\n".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// A message up to the line that ends it; none when the client is gone.
async fn content(stream: &mut BufReader<TcpStream>) -> Result<Option<Vec<u8>>, Failure> {
    let mut mail = Vec::with_capacity(16 * 1024);
    loop {
        let begin = mail.len();
        if !read_on(stream, &mut mail).await? {
            return Ok(None);
        }
        match mail.get(begin..).unwrap_or_default() {
            b".\r\n" => {
                mail.truncate(begin);
                return Ok(Some(mail));
            }
            // RFC 5321, 4.5.2.
            [b'.', ..] => drop(mail.remove(begin)),
            _ => {}
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>, line: &mut Vec<u8>) -> Result<bool, Failure> {
    line.clear();
    read_on(stream, line).await
}

/// Reads a line, and adds it; whether there is one.
///
/// The library sends the last bytes of a message only when those before were
/// acknowledged, for which a system takes its time (40 ms) unless it is told not to.
async fn read_on(stream: &mut BufReader<TcpStream>, lines: &mut Vec<u8>) -> Result<bool, Failure> {
    #[cfg(target_os = "linux")]
    if stream.buffer().is_empty() {
        stream.get_ref().set_quickack(true)?;
    }
    Ok(stream.read_until(b'\n', lines).await? > 0)
}
