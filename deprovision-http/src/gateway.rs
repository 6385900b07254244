//! The table of access paths, shared by the layer and the ports.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::thread;
use std::time::{Duration, SystemTime};

use deprovision_core::provider::PathState;
use deprovision_core::resource::AccessPathId;
use deprovision_core::time::Clock;
use http::HeaderMap;
use http::uri::Uri;

use crate::error::GatewayError;
use crate::route::{self, Route};
use crate::state_file::{Stamp, StateFile, Writer, Written};
use crate::table::{Table, Verdict};

/// How long [`Gateway::open`] waits for another process that writes.
const PATIENCE: Duration = Duration::from_secs(5);

/// The access paths of one service and how they are set: in memory for the
/// [`GatewayLayer`](crate::GatewayLayer), in a JSON file for the next start and
/// for other processes. A clone is a handle to the same table.
///
/// It is set through the ports of core, [`AccessPath`] and [`AccessPathObserver`];
/// a path that no [`Route`] declares is
/// [`ErrorKind::NotFound`](deprovision_core::provider::ErrorKind::NotFound).
///
/// # Which path a request belongs to
/// To the route with the longest prefix; among those with the same prefix, to
/// one that names the host. So `/v1/orders` inside `/v1` is a path of its own,
/// and closing `/v1` leaves it open. Where neither of two routes lies inside the
/// other (one names the host, the other has the longer prefix), the stricter
/// answer is given: closed, browned out, announced, open.
///
/// A server behind the gateway may read a path in several ways, so a request is
/// given the strictest answer of **every** reading: as it came; with
/// percent-encoding undone once, twice and thrice; with slashes merged; with `\`
/// as a slash; with `.` and `..` segments left alone and resolved; without
/// everything after a `;`, `?`, `#` or NUL in a segment; and without regard to
/// ASCII case. `/%761/orders`, `//v1/orders`, `/./v1`, `/V1` and `/v2/../v1`
/// are all refused when `/v1` is closed, and so is `/v1/../v2`: a router that
/// matches paths as they come, as axum does, would serve it below `/v1`. The
/// cost: such odd spellings of *open* paths are refused too.
///
/// The host is taken from the request's target and from `Host`; when they
/// differ, both count; when there is none, every route counts whatever its hosts.
/// `X-Forwarded-Host` is not read: behind a proxy that changes `Host`, declare
/// routes without hosts.
///
/// # Changes by other processes
/// A thread looks at the file every [`Gateway::NOTICES_CHANGES_WITHIN`] (inode,
/// length, time of change) and reads it when it is another one; a request never
/// waits for the disk. While the file can not be read, paths stay as they were,
/// [`Gateway::trouble`] says why, and observing the path gives
/// [`Observation::Unknown`](deprovision_core::observation::Observation::Unknown).
///
/// [`AccessPath`]: deprovision_core::provider::AccessPath
/// [`AccessPathObserver`]: deprovision_core::provider::AccessPathObserver
#[derive(Debug, Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    file: StateFile,
    clock: Arc<dyn Clock>,
    routes: Vec<Route>,
    table: RwLock<Arc<Table>>,
    /// Held while the file is read and the table replaced, so that an older
    /// reading never replaces a newer one.
    seen: Mutex<Seen>,
}

/// What is known about the file.
#[derive(Debug)]
struct Seen {
    stamp: Option<Stamp>,
    /// When it was last read, to doubt a stamp that is not older than that.
    read_at: SystemTime,
    trouble: Option<String>,
}

impl Gateway {
    /// How soon a change made by another process is honoured.
    pub const NOTICES_CHANGES_WITHIN: Duration = Duration::from_millis(200);

    /// Opens the gateway of a service: the state file (made when there never was
    /// one; beside it a `.lock` file), the clock that ends brown-outs, and every
    /// path that the service honours. A path that was never set is open.
    ///
    /// Reads and writes files: call it while the program starts.
    ///
    /// # Errors
    /// [`GatewayError`] when two routes claim the same requests, or the file can
    /// not be read: a service that does not know what is closed does not start.
    pub fn open(
        path: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
        routes: impl IntoIterator<Item = Route>,
    ) -> Result<Self, GatewayError> {
        let routes: Vec<Route> = routes.into_iter().collect();
        route::check_all(&routes).map_err(|e| GatewayError::Routes(Box::new(e)))?;
        let file = StateFile::at(path.as_ref());
        file.create_if_new(PATIENCE)?;
        let read_at = SystemTime::now();
        let (states, stamp) = file.read()?;
        let table = Table::new(&routes, &states)?;
        let shared = Arc::new(Shared {
            file,
            clock,
            routes,
            table: RwLock::new(Arc::new(table)),
            seen: Mutex::new(Seen {
                stamp: Some(stamp),
                read_at,
                trouble: None,
            }),
        });
        watch(Arc::downgrade(&shared)).map_err(|source| GatewayError::Io {
            what: "watching",
            path: path.as_ref().to_owned(),
            source,
        })?;
        Ok(Self { shared })
    }

    /// Why the state file can not be read, when it can not: an alarm, since
    /// changes by others are not honoured meanwhile.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.shared.seen().trouble.clone()
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.shared.clock.as_ref()
    }

    pub(crate) fn verdict(&self, uri: &Uri, headers: &HeaderMap) -> Verdict {
        let now = self.shared.clock.now();
        self.shared.table().verdict(uri, headers, now)
    }

    /// How the path is set in the file now. Blocks.
    pub(crate) fn read(&self, id: &AccessPathId) -> Result<PathState, GatewayError> {
        self.declared(id)?;
        self.shared.refresh(&mut self.shared.seen())?;
        let now = self.shared.clock.now();
        self.shared
            .table()
            .state(id, now)
            .ok_or_else(|| GatewayError::Undeclared { id: id.clone() })
    }

    /// Sets the path in the file and here. Blocks.
    pub(crate) fn write(
        &self,
        id: &AccessPathId,
        state: &PathState,
        writer: Writer,
        patience: Duration,
    ) -> Result<Written, GatewayError> {
        self.declared(id)?;
        state.check().map_err(|source| GatewayError::Notice {
            id: id.clone(),
            source: Box::new(source),
        })?;
        let written = self.shared.file.set(id, state, writer, patience)?;
        // The write is made: what goes wrong here is shown by the next observation.
        let _shown_by_trouble = self.shared.refresh(&mut self.shared.seen());
        Ok(written)
    }

    fn declared(&self, id: &AccessPathId) -> Result<(), GatewayError> {
        if self.shared.routes.iter().any(|route| route.id() == id) {
            Ok(())
        } else {
            Err(GatewayError::Undeclared { id: id.clone() })
        }
    }
}

impl Shared {
    fn table(&self) -> Arc<Table> {
        // A poisoned lock still holds a whole table.
        self.table
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the file when it may have changed.
    fn refresh_if_changed(&self) {
        let mut seen = self.seen();
        let stamp = self.file.stamp().ok();
        let sure = stamp.is_some_and(|stamp| !stamp.is_young(seen.read_at));
        if seen.trouble.is_none() && sure && stamp == seen.stamp {
            return;
        }
        let _kept_in_trouble = self.refresh(&mut seen);
    }

    fn refresh(&self, seen: &mut Seen) -> Result<(), GatewayError> {
        let read_at = SystemTime::now();
        let made = self.file.read().and_then(|(states, stamp)| {
            let table = Table::new(&self.routes, &states)?;
            Ok((table, stamp))
        });
        match made {
            Ok((table, stamp)) => {
                *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
                *seen = Seen {
                    stamp: Some(stamp),
                    read_at,
                    trouble: None,
                };
                Ok(())
            }
            Err(error) => {
                seen.stamp = None;
                seen.trouble = Some(explained(&error));
                Err(error)
            }
        }
    }
}

/// The error and its causes on one line.
pub(crate) fn explained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Looks for changes until the last handle is gone.
fn watch(shared: Weak<Shared>) -> std::io::Result<()> {
    thread::Builder::new()
        .name("gateway-watch".into())
        .spawn(move || {
            loop {
                thread::sleep(Gateway::NOTICES_CHANGES_WITHIN);
                match shared.upgrade() {
                    Some(shared) => shared.refresh_if_changed(),
                    None => return,
                }
            }
        })
        .map(|_detached| ())
}
