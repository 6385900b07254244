//! The client that all adapters of this crate share.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::time::{Clock, Period, SystemClock, Timestamp};
use octocrab::Octocrab;

use crate::client::auth::Minted;
use crate::client::{Auth, Ledger, Limits, Session};
use crate::server::Server;

/// One GitHub, as somebody: give a clone of it to every adapter, so that they share its
/// budget.
///
/// It never retries. A call that GitHub throttles, or that would have to wait longer than
/// its patience, fails and says until when; a write whose answer was lost is `Unknown`.
///
/// Made inside a Tokio runtime, in which it then works.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use deprovision_core::secret::Secret;
/// use deprovision_github::{Auth, GitHub, Server};
/// let github = GitHub::new(Server::dot_com(), Auth::token(Secret::new("ghp_…")))?;
/// assert!(!format!("{github:?}").contains("ghp_"));
/// # Ok::<(), deprovision_core::provider::ProviderError>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct GitHub {
    pub(super) inner: Arc<Inner>,
}

#[derive(Clone)]
pub(super) struct Inner {
    pub(super) server: Server,
    pub(super) auth: Auth,
    pub(super) transport: Octocrab,
    pub(super) limits: Limits,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ledger: Arc<Mutex<Ledger>>,
    /// Writes go one after the other, as GitHub asks.
    pub(super) one_write: Arc<tokio::sync::Mutex<()>>,
    pub(super) minted: Arc<tokio::sync::Mutex<Option<Minted>>>,
}

impl fmt::Debug for GitHub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitHub")
            .field("server", &self.inner.server)
            .field("auth", &self.inner.auth)
            .finish_non_exhaustive()
    }
}

impl GitHub {
    /// A client with the system's certificates.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when the system has no certificates.
    pub fn new(server: Server, auth: Auth) -> Result<Self, ProviderError> {
        let limits = Limits::default();
        let transport = Octocrab::builder()
            .set_connect_timeout(Some(limits.request))
            .build()
            .map_err(|_| {
                ProviderError::new(
                    ErrorKind::Invalid,
                    "set up the connection to GitHub",
                    "the system's certificates can not be read; install ca-certificates",
                )
            })?;
        Ok(Self {
            inner: Arc::new(Inner {
                server,
                auth,
                transport,
                limits,
                clock: Arc::new(SystemClock::new()),
                ledger: Arc::default(),
                one_write: Arc::default(),
                minted: Arc::default(),
            }),
        })
    }

    /// Over a ready-made client of octocrab, for proxies and certificates of one's own.
    /// It must have no authentication of its own: ours goes with every request. Build it
    /// without octocrab's retries, which send a POST again unseen.
    #[must_use]
    pub fn over(self, transport: Octocrab) -> Self {
        self.with(|inner| inner.transport = transport)
    }

    /// With other limits than those that GitHub publishes.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        self.with(|inner| inner.limits = limits)
    }

    /// By another clock than the system's.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        self.with(|inner| inner.clock = clock)
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.inner));
        self
    }

    /// Which GitHub.
    #[must_use]
    pub fn server(&self) -> &Server {
        &self.inner.server
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Calls without an end but that of each request.
    pub(crate) fn reading(&self) -> Session {
        Session::new(self.clone(), None)
    }

    /// Calls that all together end before a permit's time is over.
    pub(crate) fn within(&self, time: Period) -> Session {
        Session::new(self.clone(), Instant::now().checked_add(time.to_duration()))
    }
}
