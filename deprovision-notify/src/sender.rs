//! Whom letters are from.

use deprovision_core::catalog::{EmailAddress, ParseAddressError};
use lettre::Address;
use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

use crate::text;

/// Whom letters are from, and how one stops getting them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Sender {
    /// Whom they are from.
    pub address: EmailAddress,
    /// The name that is shown with it. Without it, the address alone is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where answers go. Without it, to `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<EmailAddress>,
    /// Where a mail server sends what can not be delivered (the envelope's sender).
    /// Without it, to `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounces_to: Option<EmailAddress>,
    /// The domain of the ids of messages, threads and calendar entries. Without it, that
    /// of `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id_domain: Option<String>,
    /// How one stops getting such letters. Without it, the letters do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<Unsubscribe>,
}

/// How one stops getting letters (RFC 2369).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unsubscribe {
    /// By a mail to this address.
    Mail(EmailAddress),
    /// On this page, `https` only.
    Page(String),
    /// With one click in the mail program (RFC 8058): the program sends a POST to this
    /// `https` address, and whoever gets it has to be unsubscribed by it alone. The
    /// relay has to sign the message with DKIM, or mail programs do not offer it.
    OneClick(String),
}

/// Why a [`Sender`] can not send.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SenderError {
    /// The mail library refuses an address.
    #[error("`{field}` {address} is refused by the mail library; use a plainer address")]
    Address {
        /// Which one.
        field: &'static str,
        /// What it was.
        address: String,
    },
    /// The domain does not fit into a message id.
    #[error("`message_id_domain` is no domain; write it as in an e-mail address")]
    Domain(#[source] ParseAddressError),
    /// The name would be no line of a header.
    #[error("`name` has characters that can not be shown in a line; leave them out")]
    Name,
    /// The address to unsubscribe at is not usable.
    #[error("`unsubscribe` needs a whole https:// address, in plain ASCII")]
    Unsubscribe,
}

impl Sender {
    /// A sender with an address alone.
    #[must_use]
    pub fn new(address: EmailAddress) -> Self {
        Self {
            address,
            name: None,
            reply_to: None,
            bounces_to: None,
            message_id_domain: None,
            unsubscribe: None,
        }
    }

    /// With a name that is shown.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// A sender as the mail library takes it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) mailbox: Mailbox,
    pub(crate) reply_to: Option<Mailbox>,
    pub(crate) envelope: Address,
    pub(crate) domain: String,
    pub(crate) unsubscribe: Option<Unsubscribe>,
}

impl TryFrom<Sender> for Origin {
    type Error = SenderError;

    fn try_from(sender: Sender) -> Result<Self, SenderError> {
        let mut from = mailbox("address", &sender.address)?;
        from.name = match sender.name {
            Some(name) if text::line(&name) != name || name.is_empty() => {
                return Err(SenderError::Name);
            }
            name => name,
        };
        let reply_to = match &sender.reply_to {
            Some(address) => Some(mailbox("reply_to", address)?),
            None => None,
        };
        let envelope = match &sender.bounces_to {
            Some(address) => mailbox("bounces_to", address)?.email,
            None => from.email.clone(),
        };
        let domain = match sender.message_id_domain {
            Some(domain) => {
                format!("id@{domain}")
                    .parse::<EmailAddress>()
                    .map_err(SenderError::Domain)?;
                domain
            }
            None => from.email.domain().to_owned(),
        };
        if let Some(Unsubscribe::Page(url) | Unsubscribe::OneClick(url)) = &sender.unsubscribe
            && (text::link(url).is_none() || !url.starts_with("https://"))
        {
            return Err(SenderError::Unsubscribe);
        }
        Ok(Self {
            mailbox: from,
            reply_to,
            envelope,
            domain,
            unsubscribe: sender.unsubscribe,
        })
    }
}

fn mailbox(field: &'static str, address: &EmailAddress) -> Result<Mailbox, SenderError> {
    recipient(address).map_err(|_| SenderError::Address {
        field,
        address: address.to_string(),
    })
}

/// An address as the mail library takes it.
pub(crate) fn recipient(address: &EmailAddress) -> Result<Mailbox, lettre::address::AddressError> {
    Ok(Mailbox::new(None, address.as_str().parse::<Address>()?))
}
