//! A directory of messages that others send.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::id::ParseIdError;
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::provider::{
    Delivery, DeliveryObserver, ErrorKind, Notice, Notifier, Outcome, ProviderError,
};
use deprovision_core::resource::{Locator, NoticeId};
use deprovision_core::time::{Clock, Timestamp};

use crate::disk::{self, Found, Put};
use crate::file_name::{file_name, key};
use crate::message::read_head;
use crate::{Channel, Letter, MailWriter, OutboxConfig, OutboxError, Sent, Templates};

const PROVIDER: &str = "outbox";
const REGION: &str = "local";
/// What puts a message is called in errors.
const PUT: &str = "put message";

/// A directory of messages, one `.eml` file (RFC 5322) a notice, for a person or a
/// mail server's pickup to send.
///
/// # What *delivered* means here
/// The message is in the directory, whole and durable. That hands it over; whether
/// the recipient got it, the outbox can not know, and a bounce does not come back to
/// it. Use it where somebody answers for the pickup.
///
/// # For the pickup
/// Take the files that end with `.eml`, and move what was sent into the sub-directory
/// `sent`, under the same name. A message that is deleted counts as not sent, and is
/// sent again when the engine asks for it. The files belong to the user of this
/// process, who alone may read them. A file that begins with a dot is none of the
/// messages; a process that was killed may leave one that ends with `.tmp`.
///
/// # Behaviour
/// A notice's id is `outbox:<account>:local:<name>`. Sending is deduplicated by it:
/// the first message stays, whatever the text of the second.
#[derive(Debug)]
pub struct Outbox {
    directory: PathBuf,
    account: String,
    writer: MailWriter,
    clock: Arc<dyn Clock>,
}

impl Outbox {
    /// Opens an outbox with the English templates of this crate, and makes its directory
    /// when it is not there.
    ///
    /// # Errors
    /// [`OutboxError`] names the field of the configuration that is wrong.
    pub fn open(config: OutboxConfig, clock: Arc<dyn Clock>) -> Result<Self, OutboxError> {
        let templates = Templates::english().map_err(OutboxError::Templates)?;
        Self::with_templates(config, Arc::new(templates), clock)
    }

    /// The same, with templates of one's own.
    ///
    /// # Errors
    /// [`OutboxError`] names the field of the configuration that is wrong.
    pub fn with_templates(
        config: OutboxConfig,
        templates: Arc<Templates>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OutboxError> {
        Locator::new(PROVIDER, &config.account, REGION, "x").map_err(OutboxError::Account)?;
        let writer = MailWriter::new(config.sender, templates).map_err(OutboxError::Sender)?;
        disk::make(&config.directory)
            .map_err(|error| OutboxError::Directory(config.directory.clone(), error))?;
        Ok(Self {
            directory: config.directory,
            account: config.account,
            writer,
            clock,
        })
    }

    /// The id of a notice of that name in this outbox.
    ///
    /// # Errors
    /// [`ParseIdError`] when the name is empty, too long or holds a control character.
    pub fn notice_id(&self, name: &str) -> Result<NoticeId, ParseIdError> {
        Locator::new(PROVIDER, &self.account, REGION, name).map(NoticeId::new)
    }

    /// The file that the notice's message is put into.
    ///
    /// # Errors
    /// When the notice is of another outbox.
    pub fn path(&self, id: &NoticeId) -> Result<PathBuf, ProviderError> {
        self.own("find message", id)?;
        Ok(self.directory.join(file_name(id)))
    }

    /// Refuses ids of other outboxes.
    fn own(&self, operation: &str, id: &NoticeId) -> Result<(), ProviderError> {
        let at = id.locator();
        if at.provider().as_str() == PROVIDER
            && at.account() == self.account
            && at.region() == REGION
        {
            return Ok(());
        }
        Err(ProviderError::new(
            ErrorKind::Invalid,
            operation,
            format!(
                "{id} is not of this outbox; its ids are {PROVIDER}:{}:{REGION}:<name>",
                self.account
            ),
        ))
    }

    fn job(&self, id: &NoticeId) -> Job {
        Job {
            directory: self.directory.clone(),
            name: file_name(id),
            message_id: self.writer.message_id(&key(id)),
        }
    }

    /// Writes the letter and puts it into the directory, unless it is there.
    async fn put(
        &self,
        job: Job,
        letter: &Letter,
        patience: Duration,
    ) -> Result<Outcome, ProviderError> {
        let mail = self
            .writer
            .write(letter, self.clock.now())
            .map_err(|error| {
                ProviderError::new(
                    ErrorKind::Invalid,
                    PUT,
                    "no message can be made of the letter; look at its address, the clock and \
                     the templates",
                )
                .with_source(error)
            })?;
        tokio::task::spawn_blocking(move || job.put(mail.bytes(), patience))
            .await
            // The thread is gone, and what it did is not known.
            .unwrap_or_else(|error| Ok(Outcome::unknown(format!("the writer died: {error}"))))
    }
}

#[async_trait]
impl Notifier for Outbox {
    async fn send(&self, notice: &Notice, permit: &WritePermit) -> Result<Outcome, ProviderError> {
        self.own(PUT, &notice.id)?;
        let letter = Letter::of(vec![notice.clone()]).map_err(|error| {
            ProviderError::new(ErrorKind::Invalid, PUT, "send another notice").with_source(error)
        })?;
        let job = self.job(&notice.id);
        self.put(job, &letter, permit.call_timeout().to_duration())
            .await
    }
}

/// The same directory for whoever sends letters: one file a letter, named by its key.
#[async_trait]
impl Channel for Outbox {
    fn name(&self) -> &str {
        PROVIDER
    }

    async fn send(&self, letter: &Letter, deadline: Duration) -> Sent {
        let job = match letter.notices() {
            [notice] => self.job(&notice.id),
            _ => Job {
                directory: self.directory.clone(),
                name: format!("{}-{}.eml", letter.stage(), letter.key()),
                message_id: self.writer.message_id(letter.key()),
            },
        };
        match self.put(job, letter, deadline).await {
            Ok(Outcome::Done { receipt }) => Sent::Accepted { receipt },
            Ok(Outcome::NotDone { why }) => Sent::NotSent {
                why,
                retry_at: None,
            },
            Ok(Outcome::Unknown { why }) => Sent::Unsure { why },
            Err(error) => refused(&error),
        }
    }
}

/// An error of the outbox: nothing was put.
fn refused(error: &ProviderError) -> Sent {
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        why = format!("{why}: {inner}");
        source = inner.source();
    }
    match error.kind() {
        ErrorKind::Denied => Sent::Broken { why },
        ErrorKind::Invalid | ErrorKind::NotFound | ErrorKind::Unsupported => Sent::Refused { why },
        ErrorKind::Throttled { .. } | ErrorKind::Transient | ErrorKind::Conflict => Sent::NotSent {
            why,
            retry_at: None,
        },
    }
}

#[async_trait]
impl DeliveryObserver for Outbox {
    async fn delivery(&self, id: &NoticeId) -> Result<Observation<Delivery>, ProviderError> {
        const OPERATION: &str = "look for message";
        self.own(OPERATION, id)?;
        let job = self.job(id);
        let found = tokio::task::spawn_blocking(move || job.look())
            .await
            .map_err(|error| {
                ProviderError::new(ErrorKind::Transient, OPERATION, "look again").with_source(error)
            })?
            .map_err(|error| io_error(OPERATION, error))?;
        let now = self.clock.now();
        Ok(match found {
            Look::NotThere => Observation::complete(Delivery::NotSent, now),
            Look::There { at } => Observation::complete(Delivery::Delivered { at }, now),
            Look::Foreign { why } => Observation::unknown(why),
        })
    }
}

/// One message on its way to the disk.
struct Job {
    directory: PathBuf,
    name: String,
    message_id: String,
}

/// What is where the message should be.
enum Look {
    NotThere,
    There { at: Timestamp },
    Foreign { why: String },
}

impl Job {
    fn put(&self, bytes: &[u8], patience: Duration) -> Result<Outcome, ProviderError> {
        let fail = |error| io_error(PUT, error);
        let lock = disk::lock(&self.directory, patience).map_err(fail)?;
        let Some(lock) = lock else {
            return Err(ProviderError::new(
                ErrorKind::Transient,
                PUT,
                "another process holds the outbox; send again",
            ));
        };
        let put = match self.look().map_err(fail)? {
            Look::NotThere => disk::put(&lock, &self.directory, &self.name, bytes).map_err(fail)?,
            // Whoever put it may have died before it was durable.
            Look::There { .. } => disk::settle(&self.directory),
            Look::Foreign { why } => {
                return Err(ProviderError::new(
                    ErrorKind::Invalid,
                    PUT,
                    format!("{why}; move it away"),
                ));
            }
        };
        Ok(match put {
            Put::Durable => Outcome::done(&self.name),
            Put::PerhapsDurable(error) => Outcome::unknown(format!(
                "{} is there, and the disk did not confirm it: {error}",
                self.name
            )),
        })
    }

    fn look(&self) -> io::Result<Look> {
        let head = match disk::find(&self.directory, &self.name)? {
            Found::Nothing => return Ok(Look::NotThere),
            Found::NoFile(path) => {
                return Ok(Look::Foreign {
                    why: format!("{} is no file", path.display()),
                });
            }
            Found::Message(head) => read_head(&head),
        };
        Ok(match head.date {
            Some(at) if head.message_id.as_ref() == Some(&self.message_id) => Look::There { at },
            _ => Look::Foreign {
                why: format!("{} is not the notice's message", self.name),
            },
        })
    }
}

fn io_error(operation: &str, error: io::Error) -> ProviderError {
    let (kind, next) = match error.kind() {
        io::ErrorKind::PermissionDenied => (
            ErrorKind::Denied,
            "allow this process to use the outbox's directory",
        ),
        _ => (
            ErrorKind::Transient,
            "look at the outbox's directory and its disk",
        ),
    };
    ProviderError::new(kind, operation, next).with_source(error)
}
