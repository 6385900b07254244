//! Which mail server, and how.

use std::fmt;

use deprovision_core::secret::Secret;
use deprovision_core::time::Period;
use serde::{Deserialize, Serialize};

use crate::RootsError;

/// Which mail server takes the letters, and how it is talked to. The password is not
/// part of it: see [`Login`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SmtpConfig {
    /// The server's name, which its certificate has to be for.
    pub host: String,
    /// The port. Without it: 587 with STARTTLS, 465 with TLS, 25 in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How it is encrypted; STARTTLS, where nothing is said.
    #[serde(default)]
    pub security: Security,
    /// Certificates (PEM) to trust instead of those of the system: of one's own CA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_pem: Option<String>,
    /// The name to introduce ourselves with. Without it, the domain of the sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hello_name: Option<String>,
    /// How many connections at most; 2, where nothing is said: a relay is slowed down by
    /// many, and so are all who use it.
    #[serde(default = "two")]
    pub connections: usize,
    /// After how long an idle connection is not used again; 30 seconds, where nothing is
    /// said: most servers wait for minutes.
    #[serde(default = "half_a_minute")]
    pub idle: Period,
}

fn two() -> usize {
    2
}

fn half_a_minute() -> Period {
    Period::seconds(30)
}

impl SmtpConfig {
    /// A server that is talked to with STARTTLS on port 587.
    #[must_use]
    pub fn new(host: impl Into<String>) -> Self {
        Self {
            host: host.into(),
            port: None,
            security: Security::default(),
            trusted_pem: None,
            hello_name: None,
            connections: two(),
            idle: half_a_minute(),
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            Security::StartTls => 587,
            Security::Tls => 465,
            Security::DangerousPlain => 25,
        })
    }
}

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Security {
    /// In the clear until the server agreed to TLS (RFC 3207); a server that does not
    /// gets nothing.
    #[default]
    StartTls,
    /// From the first byte (RFC 8314).
    Tls,
    /// Never: whoever is on the way can read and change the letters. For a server on the
    /// same machine. With a password it is refused.
    DangerousPlain,
}

/// Who we are to the mail server (`AUTH`, PLAIN or LOGIN, whichever it offers).
#[derive(Clone)]
#[non_exhaustive]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl Login {
    /// A name and its password.
    #[must_use]
    pub fn new(user: impl Into<String>, password: Secret) -> Self {
        Self {
            user: user.into(),
            password,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

/// Why a mail server can not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// The server's name is none.
    #[error("`host` is no name of a server: {0:?}; write it as in its certificate, or its address")]
    Host(String),
    /// The name to introduce ourselves with is none.
    #[error("`hello_name` is no name of a host; write it as in an e-mail address")]
    HelloName,
    /// No connection is allowed.
    #[error("`connections` is 0; allow one at least")]
    Connections,
    /// A password would be sent in the clear.
    #[error("a password is not sent without TLS; set `security` to start_tls or tls")]
    PasswordInTheClear,
    /// The certificates can not be used.
    #[error("`trusted_pem` can not be used; give the PEM text of your CA's certificates")]
    Trusted(#[source] RootsError),
    /// TLS can not be set up without certificates of one's own.
    #[error("TLS can not be set up; mend the cause, or set `trusted_pem`")]
    Tls(#[source] RootsError),
}
