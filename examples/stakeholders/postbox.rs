//! A mail server that takes letters and keeps them (RFC 5321, as much of it as a sender
//! needs), so that the example needs no other one. The other end is real: `SmtpChannel`
//! talks to it as it talks to a relay.

use std::sync::{Arc, Mutex, PoisonError};

use deprovision_examples::{Files, Problem};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::mailbox;

/// No line of ours is longer, in bytes; RFC 5321 allows 1,000.
const LONGEST_LINE: u64 = 8 * 1024;
/// No letter of ours is longer.
const LONGEST_LETTER: usize = 8 * 1024 * 1024;

/// Where letters are kept: one directory a mailbox.
#[derive(Debug)]
pub(crate) struct Postbox {
    files: Files,
    /// What came since somebody asked. Whoever has it writes.
    arrived: Mutex<Vec<Arrival>>,
}

/// A letter that came.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) to: String,
    /// Its file, without `.eml`.
    pub(crate) file: String,
}

/// What was said of a letter before its content.
#[derive(Debug, Default)]
struct Envelope {
    to: Vec<String>,
}

impl Postbox {
    /// Serves a listener until the process ends.
    pub(crate) fn serve(files: Files, listener: TcpListener) -> Arc<Self> {
        let postbox = Arc::new(Self {
            files,
            arrived: Mutex::default(),
        });
        let serving = postbox.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let postbox = serving.clone();
                // Whoever hangs up has said all there is to say.
                tokio::spawn(async move { postbox.talk(stream).await });
            }
        });
        postbox
    }

    /// What came since this was last asked.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *arrived)
    }

    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        say(&mut write, "220 mail.shop.example keeps letters").await?;
        let mut envelope = Envelope::default();
        while let Some(line) = line(&mut read).await? {
            let line = String::from_utf8_lossy(&line).into_owned();
            let verb = line.split([' ', ':']).next().unwrap_or_default();
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" => say(&mut write, "250 mail.shop.example").await?,
                "NOOP" => say(&mut write, "250 fine").await?,
                "MAIL" | "RSET" => {
                    envelope = Envelope::default();
                    say(&mut write, "250 go on").await?;
                }
                "RCPT" => match recipient(&line) {
                    Some(to) => {
                        envelope.to.push(to);
                        say(&mut write, "250 that is here").await?;
                    }
                    None => say(&mut write, "550 there is no such mailbox").await?,
                },
                "DATA" if envelope.to.is_empty() => {
                    say(&mut write, "503 say first to whom").await?;
                }
                "DATA" => {
                    say(&mut write, "354 end it with a dot").await?;
                    let answer = match content(&mut read).await? {
                        Some(letter) => self.keep(&std::mem::take(&mut envelope), &letter),
                        None => "552 that is too long".to_owned(),
                    };
                    say(&mut write, &answer).await?;
                }
                "QUIT" => return say(&mut write, "221 bye").await,
                _ => say(&mut write, "502 not here").await?,
            }
        }
        Ok(())
    }

    /// Keeps a letter, durably before it is acknowledged: whoever was told 250 need not
    /// send it again.
    fn keep(&self, envelope: &Envelope, letter: &[u8]) -> String {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        for to in &envelope.to {
            match self.keep_for(to, letter) {
                Ok(file) => arrived.push(Arrival {
                    to: to.clone(),
                    file,
                }),
                Err(problem) => return format!("451 it can not be kept: {problem}"),
            }
        }
        "250 kept".to_owned()
    }

    fn keep_for(&self, to: &str, letter: &[u8]) -> Result<String, Problem> {
        let folder = mailbox::folder(to);
        let number = mailbox::letters(&self.files, to)?.len() + 1;
        let file = format!("{folder}/{number:04}");
        self.files.write(&format!("{file}.eml"), letter)?;
        // For people without a mail program; it is made from the letter alone.
        let text = mailbox::Mail::of(letter)?.text;
        self.files.write(&format!("{file}.txt"), text)?;
        Ok(file)
    }
}

/// `RCPT TO:<dana@shop.example>`, where the address can be the name of a directory.
fn recipient(line: &str) -> Option<String> {
    let (_, rest) = line.split_once('<')?;
    let (address, _) = rest.split_once('>')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "@.+-_".contains(c);
    let is_plain = address.contains('@') && !address.starts_with('.');
    (is_plain && address.chars().all(plain)).then(|| address.to_owned())
}

/// A letter up to the dot; none when it is too long, and then the rest of it is read too.
async fn content(read: &mut BufReader<OwnedReadHalf>) -> std::io::Result<Option<Vec<u8>>> {
    let mut letter = Vec::new();
    loop {
        let Some(line) = line(read).await? else {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        };
        if line == b"." {
            return Ok((letter.len() <= LONGEST_LETTER).then_some(letter));
        }
        if letter.len() <= LONGEST_LETTER {
            // A line that began with a dot got a second one on the way.
            letter.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            letter.extend_from_slice(b"\r\n");
        }
    }
}

/// The next line without its end; none when the other side hung up.
async fn line(read: &mut BufReader<OwnedReadHalf>) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    read.take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
    Ok(line.strip_suffix(b"\r\n").map(<[u8]>::to_vec))
}

async fn say(write: &mut OwnedWriteHalf, answer: &str) -> std::io::Result<()> {
    write.write_all(format!("{answer}\r\n").as_bytes()).await
}
