//! Who asks.

use std::fmt;

use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::secret::Secret;
use deprovision_core::time::Timestamp;
use octocrab::auth::{EncodingKey, create_jwt};
use octocrab::models::AppId;

/// How this crate shows GitHub who it is.
///
/// With a GitHub App, tokens of its installation are made and renewed as needed.
#[derive(Clone)]
pub struct Auth(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Token(Secret),
    App(App),
}

/// A GitHub App in one of its installations, or by itself.
#[derive(Clone)]
pub(crate) struct App {
    id: u64,
    key: EncodingKey,
    pub(crate) installation: Option<u64>,
}

/// A token of an installation.
#[derive(Debug, Clone)]
pub(crate) struct Minted {
    pub(crate) token: Secret,
    pub(crate) expires: Timestamp,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Token(_) => f.write_str("Auth(token)"),
            Kind::App(app) => write!(f, "Auth(app {})", app.id),
        }
    }
}

impl Auth {
    /// A token: fine-grained, classic, or of an OAuth app.
    #[must_use]
    pub fn token(token: Secret) -> Self {
        Self(Kind::Token(token))
    }

    /// A GitHub App by its number, its private key (PEM) and the number of the
    /// installation in which it acts.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when the key can not be read.
    pub fn app(id: u64, key: &Secret, installation: u64) -> Result<Self, ProviderError> {
        Self::of_app(id, key, Some(installation))
    }

    /// A GitHub App by itself: for [`AppInstallations`](crate::AppInstallations) alone.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] when the key can not be read.
    pub fn app_itself(id: u64, key: &Secret) -> Result<Self, ProviderError> {
        Self::of_app(id, key, None)
    }

    fn of_app(id: u64, key: &Secret, installation: Option<u64>) -> Result<Self, ProviderError> {
        let key = EncodingKey::from_rsa_pem(key.expose().as_bytes()).map_err(|_| {
            ProviderError::new(
                ErrorKind::Invalid,
                "read the private key of the app",
                "it is no RSA key in PEM; download one from the settings of the app",
            )
        })?;
        Ok(Self(Kind::App(App {
            id,
            key,
            installation,
        })))
    }
}

impl App {
    /// What shows that it is the app, for some minutes.
    pub(crate) fn jwt(&self) -> Result<Secret, ProviderError> {
        create_jwt(AppId(self.id), &self.key)
            .map(Secret::new)
            .map_err(|_| {
                ProviderError::new(
                    ErrorKind::Invalid,
                    "sign as the app",
                    "its private key can not sign; download a new one",
                )
            })
    }
}
