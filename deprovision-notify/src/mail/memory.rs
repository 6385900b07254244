//! Letters that stay in memory.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use deprovision_core::time::Clock;

use crate::{Channel, Letter, Mail, MailWriter, Sent};

/// Keeps letters in memory, each once, for development and for tests of one's own.
///
/// A program that ends loses them: it is no way to tell anybody anything.
#[derive(Debug)]
pub struct MemoryChannel {
    writer: MailWriter,
    clock: Arc<dyn Clock>,
    mails: Mutex<Vec<Mail>>,
}

impl MemoryChannel {
    /// A channel without letters.
    #[must_use]
    pub fn new(writer: MailWriter, clock: Arc<dyn Clock>) -> Self {
        Self {
            writer,
            clock,
            mails: Mutex::new(Vec::new()),
        }
    }

    /// All letters that were sent, the oldest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Mail> {
        let mails = self.mails.lock();
        mails.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Channel for MemoryChannel {
    fn name(&self) -> &str {
        "memory"
    }

    async fn send(&self, letter: &Letter, _: Duration) -> Sent {
        let mail = match self.writer.write(letter, self.clock.now()) {
            Ok(mail) => mail,
            Err(error) => return error.into(),
        };
        let mut mails = self.mails.lock().unwrap_or_else(PoisonError::into_inner);
        let receipt = format!("{} is kept in memory", mail.id());
        if !mails.iter().any(|kept| kept.id() == mail.id()) {
            mails.push(mail);
        }
        Sent::Accepted { receipt }
    }
}
