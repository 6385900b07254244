//! Letters to a mail server.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::time::Clock;
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Severity;
use rustls::pki_types::ServerName;

use super::config::{Login, Security, SmtpConfig, SmtpError};
use super::connect::Encryption;
use super::pool::{Place, Pool, Server, Used};
use super::progress::{Phase, Progress};
use super::trust::Trust;
use super::verdict::{self, Failure};
use crate::{Channel, Letter, Mail, MailWriter, Sent};

/// How much of a letter is written at once: a connection that died is noticed between.
const PIECE: usize = 16 * 1024;

/// Sends letters to a mail server, usually the relay of one's own house, which signs
/// them with DKIM and sends them on.
///
/// # Behaviour
/// - [`Sent::Accepted`]: the server took the letter and answered so.
/// - [`Sent::Refused`]: it answered 5xx to the recipient or the content.
/// - [`Sent::NotSent`]: it answered 4xx, it is not there, or the connection or the time
///   ended before the line that ends the letter was begun.
/// - [`Sent::Unsure`]: they ended after that line was begun: the server may have it.
/// - [`Sent::Broken`]: it refuses our name and password or our sender, its certificate
///   is not trusted or is for another name, it offers no TLS, or somebody speaks in the
///   clear where TLS should begin.
///
/// A connection is used for several letters, at most 50, after it showed that it lives. No
/// letter is sent a second time here, whatever happens. What is small is sent at once
/// (`TCP_NODELAY`).
#[derive(Debug)]
pub struct SmtpChannel {
    pool: Pool,
    writer: MailWriter,
    clock: Arc<dyn Clock>,
}

impl SmtpChannel {
    /// A channel; nothing is connected before the first letter.
    ///
    /// # Errors
    /// [`SmtpError`] names the field of the configuration that is wrong.
    pub fn new(
        config: SmtpConfig,
        login: Option<Login>,
        writer: MailWriter,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SmtpError> {
        let name = ServerName::try_from(config.host.clone());
        let name = name.map_err(|_invalid| SmtpError::Host(config.host.clone()))?;
        if config.connections == 0 {
            return Err(SmtpError::Connections);
        }
        let port = config.port();
        let pem = config.trusted_pem.as_deref();
        let encryption = match config.security {
            Security::StartTls => Encryption::StartTls(Trust::new(name, pem)?),
            Security::Tls => Encryption::Tls(Trust::new(name, pem)?),
            Security::DangerousPlain if login.is_some() => {
                return Err(SmtpError::PasswordInTheClear);
            }
            Security::DangerousPlain => Encryption::None,
        };
        let hello = match config.hello_name {
            Some(name) if is_host(&name) => name,
            Some(_) => return Err(SmtpError::HelloName),
            None => writer.domain().to_owned(),
        };
        let pool = Pool::new(Server {
            host: config.host,
            port,
            encryption,
            hello: ClientId::Domain(hello),
            login,
            idle_for: config.idle.to_duration(),
            connections: config.connections,
        });
        Ok(Self {
            pool,
            writer,
            clock,
        })
    }

    async fn write_and_send(&self, letter: &Letter, progress: &Progress) -> Sent {
        let place = self.pool.place().await;
        // Not before it is its turn: many letters that are written while they wait would
        // keep those that are under way from going on.
        let mail = match self.writer.write(letter, self.clock.now()) {
            Ok(mail) => mail,
            Err(error) => return error.into(),
        };
        match self.attempt(&mail, place, progress).await {
            Ok(said) => Sent::Accepted { receipt: said },
            Err(failure) => verdict::of(progress.phase(), &failure),
        }
    }

    async fn attempt(
        &self,
        mail: &Mail,
        place: Place<'_>,
        progress: &Progress,
    ) -> Result<String, Failure> {
        let mut used = self.pool.take(place, progress).await?;
        let said = transact(&mut used, mail, progress).await;
        // A letter that was answered with no leaves the connection usable: whoever takes
        // it next resets it first.
        if said.as_ref().err().is_none_or(verdict::was_answered) {
            self.pool.give_back(used);
        }
        said
    }
}

/// One letter over one connection: what the server said when it took it.
async fn transact(
    used: &mut Used<'_>,
    mail: &Mail,
    progress: &Progress,
) -> Result<String, Failure> {
    let connection = &mut used.connection;
    let (from, to) = mail.envelope();
    progress.reach(Phase::Sender);
    connection
        .command(MailFrom::new(Some(from.clone()), Vec::new()))
        .await?;
    progress.reach(Phase::Recipient);
    connection
        .command(Rcpt::new(to.clone(), Vec::new()))
        .await?;
    progress.reach(Phase::Content);
    let go_ahead = connection.command(Data).await?;
    if !go_ahead.has_code(354) {
        return Err(Failure::OutOfStep(go_ahead.code()));
    }
    let mut pieces = mail.bytes().chunks(PIECE);
    // The library asks for the next piece until there is none, and writes the end then.
    let content = std::iter::from_fn(|| {
        let piece = pieces.next();
        if piece.is_none() {
            progress.reach(Phase::End);
        }
        piece
    });
    let response = connection.message_iter(content).await?;
    if response.code().severity != Severity::PositiveCompletion {
        return Err(Failure::OutOfStep(response.code()));
    }
    Ok(verdict::said(&response))
}

#[async_trait]
impl Channel for SmtpChannel {
    fn name(&self) -> &str {
        "smtp"
    }

    async fn send(&self, letter: &Letter, deadline: Duration) -> Sent {
        let progress = Progress::new();
        tokio::time::timeout(deadline, self.write_and_send(letter, &progress))
            .await
            .unwrap_or_else(|_elapsed| verdict::out_of_time(progress.phase()))
    }
}

/// Whether a name can stand in `EHLO`.
fn is_host(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 255
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b))
}
