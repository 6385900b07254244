//! Connections to a mail server that are used again.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::Rset;
use lettre::transport::smtp::extension::ClientId;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::config::Login;
use super::connect::{Encryption, connect};
use super::progress::{Phase, Progress};
use super::verdict::Failure;

/// How long an idle connection may take to show that it lives.
const ALIVE: Duration = Duration::from_secs(5);
/// After so many letters a connection is not used again: servers count, too.
const LETTERS: u32 = 50;

/// A few connections, each used by one letter at a time.
pub(super) struct Pool {
    host: String,
    port: u16,
    encryption: Encryption,
    hello: ClientId,
    login: Option<Login>,
    idle_for: Duration,
    places: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

/// What [`Pool::new`] is told.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    pub(super) hello: ClientId,
    pub(super) login: Option<Login>,
    pub(super) idle_for: Duration,
    pub(super) connections: usize,
}

struct Idle {
    connection: AsyncSmtpConnection,
    since: Instant,
    letters: u32,
}

/// A connection that is in use. Dropped, it is closed without a word: in the middle of a
/// letter any word could be taken for its end.
pub(super) struct Used<'a> {
    pub(super) connection: AsyncSmtpConnection,
    letters: u32,
    _place: Place<'a>,
}

/// The right to use one of the connections.
pub(super) struct Place<'a> {
    _permit: Option<SemaphorePermit<'a>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("encryption", &self.encryption)
            .finish_non_exhaustive()
    }
}

impl Pool {
    pub(super) fn new(server: Server) -> Self {
        Self {
            host: server.host,
            port: server.port,
            encryption: server.encryption,
            hello: server.hello,
            login: server.login,
            idle_for: server.idle_for,
            places: Semaphore::new(server.connections),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// Waits until a connection can be used.
    pub(super) async fn place(&self) -> Place<'_> {
        // It is never closed; if it were, we would only make one connection too many.
        let permit = self.places.acquire().await;
        Place {
            _permit: permit.ok(),
        }
    }

    /// A connection that is ready for a letter.
    pub(super) async fn take<'a>(
        &self,
        place: Place<'a>,
        progress: &Progress,
    ) -> Result<Used<'a>, Failure> {
        progress.reach(Phase::Connecting);
        while let Some(mut idle) = self.pop() {
            let alive = tokio::time::timeout(ALIVE, idle.connection.command(Rset)).await;
            if matches!(alive, Ok(Ok(_))) {
                return Ok(Used {
                    connection: idle.connection,
                    letters: idle.letters,
                    _place: place,
                });
            }
        }
        Ok(Used {
            connection: self.connect(progress).await?,
            letters: 0,
            _place: place,
        })
    }

    /// Takes a connection back that has nothing open.
    pub(super) fn give_back(&self, used: Used<'_>) {
        let letters = used.letters + 1;
        if letters < LETTERS {
            self.locked().push(Idle {
                connection: used.connection,
                since: Instant::now(),
                letters,
            });
        }
    }

    async fn connect(&self, progress: &Progress) -> Result<AsyncSmtpConnection, Failure> {
        let mut connection = connect(&self.host, self.port, &self.encryption, &self.hello).await?;
        if let Some(login) = &self.login {
            progress.reach(Phase::Login);
            let credentials =
                Credentials::new(login.user.clone(), login.password.expose().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            connection.auth(&mechanisms, &credentials).await?;
        }
        Ok(connection)
    }

    /// The connection that was used last, if it is not too old.
    fn pop(&self) -> Option<Idle> {
        let mut idle = self.locked();
        idle.retain(|idle| idle.since.elapsed() < self.idle_for);
        idle.pop()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
