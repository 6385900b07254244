//! Which field of a JSON line is which part of a record.

use std::fmt;

use super::guess::GUESSES;
use super::tree::{Growing, Tree};
use crate::format::draft::Slot;
use crate::format::suggest::closest;

/// A part of a record that a JSON line may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum JsonField {
    /// When; a line must have it. RFC 3339, `10/Oct/2026:13:55:36 +0000`, or a count
    /// since 1970: of seconds below 1e11, of milliseconds below 1e14, of microseconds
    /// below 1e17, else of nanoseconds; with a fraction or without. A number below
    /// 1e8 is no time.
    Time,
    /// The request line: `GET /v1/orders HTTP/1.1`. A line must have it, or a method
    /// and a target, or a route.
    Request,
    /// The method.
    Method,
    /// The target: a path with or without its query, or a whole URL, whose host is
    /// then the host.
    Target,
    /// A method and a route's template, where the log has no path.
    Route,
    /// The host that the client asked for.
    Host,
    /// The answer's status.
    Status,
    /// How many bytes were sent.
    Bytes,
    /// The client's address, with or without its port.
    Client,
    /// The addresses of `X-Forwarded-For`. The last of them is the client where the
    /// line names no other: the one before may be the client's own invention.
    Forwarded,
    /// The name that the client gave.
    User,
    /// The id of the client's key, never the key.
    Key,
    /// A token's subject, a principal.
    Subject,
    /// One more field, which names the caller.
    Caller,
    /// The referrer.
    Referer,
    /// The client's program.
    Agent,
}

impl JsonField {
    /// All of them, by the names that they have on a command line.
    const NAMES: [(&'static str, Self); 16] = [
        ("time", Self::Time),
        ("request", Self::Request),
        ("method", Self::Method),
        ("path", Self::Target),
        ("route", Self::Route),
        ("host", Self::Host),
        ("status", Self::Status),
        ("bytes", Self::Bytes),
        ("client", Self::Client),
        ("forwarded", Self::Forwarded),
        ("user", Self::User),
        ("key", Self::Key),
        ("subject", Self::Subject),
        ("caller", Self::Caller),
        ("referer", Self::Referer),
        ("agent", Self::Agent),
    ];

    fn slot(self) -> Slot {
        match self {
            Self::Time => Slot::Time,
            Self::Request => Slot::Request,
            Self::Method => Slot::Method,
            Self::Target => Slot::Target,
            Self::Route => Slot::Route,
            Self::Host => Slot::Host,
            Self::Status => Slot::Status,
            Self::Bytes => Slot::Bytes,
            Self::Client => Slot::Client,
            Self::Forwarded => Slot::Forwarded,
            Self::User => Slot::User,
            Self::Key => Slot::Key,
            Self::Subject => Slot::Subject,
            Self::Caller => Slot::Field,
            Self::Referer => Slot::Referer,
            Self::Agent => Slot::Agent,
        }
    }
}

/// Which field of a JSON line is which part of a record.
///
/// Begins with the usual names ([`JsonFields::usual`]) or with none
/// ([`JsonFields::none`]). A path's steps are parted by dots (`request.uri`); a key
/// that has a dot itself is written with `\.`. The path is also found as one key with
/// its dots. Of a list the first element is taken, and a number or `true` is taken as
/// it is written.
///
/// ```
/// use deprovision_usage::{Format, JsonField, JsonFields};
///
/// let fields = JsonFields::usual().with(JsonField::Caller, "claims.client_id");
/// let line = br#"{"time":"2026-10-10T13:55:36Z","method":"GET","path":"/v1/orders",
///     "claims":{"client_id":"shop-7"}}"#;
/// let line = Format::json_lines(fields).parse(line)?.field;
/// assert_eq!(line.as_deref(), Some(&b"shop-7"[..]));
/// # Ok::<(), deprovision_usage::LineError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonFields {
    paths: Vec<(JsonField, Vec<String>)>,
}

impl JsonFields {
    /// The names that nginx, Envoy, Istio, API Gateway, Caddy, Traefik and the
    /// Elastic Common Schema use. Of several that a line has for one part the first
    /// in this list is taken.
    ///
    /// | part | names |
    /// |---|---|
    /// | time | `time`, `timestamp`, `@timestamp`, `ts`, `start_time`, `time_iso8601`, `time_local`, `msec`, `StartUTC`, `requestTimeEpoch`, `requestTime` |
    /// | request | `request`, `request_line`, `requestLine` |
    /// | method | `method`, `request_method`, `RequestMethod`, `httpMethod`, `http_method`, `request.method`, `req.method`, `http.request.method` |
    /// | path | `request_uri`, `RequestPath`, `request.uri`, `uri`, `path`, `url`, `req.url`, `url.original`, `url.path`, `request_path`, `resourcePath` |
    /// | route | `routeKey` |
    /// | host | `http_host`, `authority`, `:authority`, `RequestHost`, `request.host`, `domainName`, `url.domain`, `server_name` |
    /// | status | `status`, `DownstreamStatus`, `response_code`, `status_code`, `statusCode`, `http.response.status_code`, `res.statusCode` |
    /// | bytes | `body_bytes_sent`, `bytes_sent`, `DownstreamContentSize`, `responseLength`, `size`, `http.response.body.bytes` |
    /// | client | `request.client_ip`, `request.remote_ip`, `ClientHost`, `remote_addr`, `client_ip`, `ip`, `sourceIp`, `downstream_remote_address`, `remote_address`, `client.ip`, `source.ip` |
    /// | forwarded | `http_x_forwarded_for`, `x_forwarded_for` |
    /// | user | `remote_user`, `ClientUsername`, `user_id`, `user`, `username` |
    /// | key | `apiKeyId`, `api_key_id`, `key_id`, `keyId` |
    /// | subject | `sub`, `subject`, `principalId`, `principal`, `userArn`, `caller` |
    /// | referer | `http_referer`, `referer`, `request.headers.Referer`, `request_Referer` |
    /// | agent | `http_user_agent`, `user_agent`, `userAgent`, `request.headers.User-Agent`, `request_User-Agent`, `user_agent.original`, `agent` |
    ///
    /// `host` alone is not guessed: many log shippers write their machine's name
    /// there, and a wrong host hides calls. Where it is the request's, name it.
    #[must_use]
    pub fn usual() -> Self {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            paths: GUESSES
                .iter()
                .map(|(field, names)| (*field, own(names)))
                .collect(),
        }
    }

    /// No names at all.
    #[must_use]
    pub fn none() -> Self {
        Self { paths: Vec::new() }
    }

    /// The part is at that path and nowhere else.
    #[must_use]
    pub fn with(mut self, field: JsonField, path: impl Into<String>) -> Self {
        self.paths.retain(|(other, _)| *other != field);
        // First, so that no usual name takes the place from it.
        self.paths.insert(0, (field, vec![path.into()]));
        self
    }

    /// The usual names but for those in a text such as
    /// `time=ts,path=req.uri,caller=claims.client_id`.
    ///
    /// # Errors
    /// [`JsonFieldsError`] when a part has another name or no path.
    pub fn parse(text: &str) -> Result<Self, JsonFieldsError> {
        let mut fields = Self::usual();
        for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (name, path) = pair
                .split_once('=')
                .ok_or_else(|| JsonFieldsError::NoPath {
                    name: pair.trim().to_owned(),
                })?;
            let (name, path) = (name.trim(), path.trim());
            let known = JsonField::NAMES.iter().find(|(known, _)| *known == name);
            let Some((_, field)) = known else {
                let names = JsonField::NAMES.map(|(name, _)| name);
                return Err(JsonFieldsError::Unknown {
                    name: name.to_owned(),
                    meant: closest(name, &names).map(ToOwned::to_owned),
                });
            };
            if path.is_empty() {
                return Err(JsonFieldsError::NoPath {
                    name: name.to_owned(),
                });
            }
            fields = fields.with(*field, path);
        }
        Ok(fields)
    }

    pub(in crate::format) fn tree(&self) -> Tree {
        let mut tree = Growing::default();
        for (field, paths) in &self.paths {
            for (rank, path) in (0..).zip(paths) {
                tree.add(&steps(path), field.slot(), rank);
            }
        }
        tree.grown()
    }
}

impl Default for JsonFields {
    fn default() -> Self {
        Self::usual()
    }
}

impl fmt::Display for JsonFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = JsonField::NAMES.iter().filter_map(|(name, field)| {
            let (_, paths) = self.paths.iter().find(|(other, _)| other == field)?;
            Some((name, paths))
        });
        if let Some((name, paths)) = parts.next() {
            write!(f, "{name}={}", paths.join("|"))?;
        }
        for (name, paths) in parts {
            write!(f, ",{name}={}", paths.join("|"))?;
        }
        Ok(())
    }
}

/// The steps of a path: parted by dots, with `\.` for a dot.
pub(in crate::format) fn steps(path: &str) -> Vec<Vec<u8>> {
    let mut steps = vec![Vec::new()];
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'.', _) => steps.push(Vec::new()),
            (b'\\', [escaped, after @ ..]) => {
                rest = after;
                push(&mut steps, *escaped);
            }
            _ => push(&mut steps, *first),
        }
    }
    steps
}

fn push(steps: &mut [Vec<u8>], byte: u8) {
    if let Some(last) = steps.last_mut() {
        last.push(byte);
    }
}

/// Why a text names no fields of a JSON line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonFieldsError {
    /// No part has that name.
    #[error(
        "{name:?} is no part of a log line{}; the parts are time, request, method, path, route, host, status, bytes, client, forwarded, user, key, subject, caller, referer, agent",
        crate::format::suggest::shown(meant.as_deref())
    )]
    Unknown {
        /// The name.
        name: String,
        /// What may have been meant.
        meant: Option<String>,
    },
    /// It says no path for the part.
    #[error("{name:?} says no field; write it as time=ts, with the field's path behind the =")]
    NoPath {
        /// The part's name.
        name: String,
    },
}
