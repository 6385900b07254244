//! The way letters go: over SMTP, to the server in this program or to another one.

use std::sync::Arc;

use deprovision_core::catalog::EmailAddress;
use deprovision_core::secret::Secret;
use deprovision_core::time::Clock;
use deprovision_examples::Problem;
use deprovision_notify::{Login, MailWriter, Security, Sender, SmtpChannel, SmtpConfig, Templates};

use crate::args::Server;
use crate::unusable::{Unusable, unusable};

/// The channel to the server in this program, on that port.
pub(crate) fn to_ourselves(
    port: u16,
    from: Option<EmailAddress>,
    clock: Arc<dyn Clock>,
) -> Result<SmtpChannel, Problem> {
    let mut config = SmtpConfig::new("127.0.0.1");
    config.port = Some(port);
    config.security = Security::DangerousPlain;
    Ok(SmtpChannel::new(config, None, writer(from)?, clock)?)
}

/// The channel to another server, as the environment says how.
pub(crate) fn to(
    server: &Server,
    from: Option<EmailAddress>,
    clock: Arc<dyn Clock>,
) -> Result<SmtpChannel, Problem> {
    let mut config = SmtpConfig::new(&server.host);
    config.port = Some(server.port);
    config.security = match variable("SMTP_SECURITY")?.as_deref() {
        Some("starttls") => Security::StartTls,
        Some("tls") => Security::Tls,
        Some("plain") if server.is_here => Security::DangerousPlain,
        Some("plain") => {
            let host = &server.host;
            return Err(unusable(format!(
                "SMTP_SECURITY: {host} is not this machine, and nothing goes there in the clear"
            )));
        }
        Some(other) => {
            return Err(unusable(format!(
                "SMTP_SECURITY: {other:?} is none of starttls, tls and plain"
            )));
        }
        None if server.is_here => Security::DangerousPlain,
        None => Security::StartTls,
    };
    if let Some(file) = variable("SMTP_CA")? {
        let pem = std::fs::read_to_string(&file)
            .map_err(|error| unusable(format!("SMTP_CA: {file} can not be read: {error}")))?;
        config.trusted_pem = Some(pem);
    }
    let login = match (variable("SMTP_USER")?, variable("SMTP_PASSWORD")?) {
        (Some(user), Some(password)) => Some(Login::new(user, Secret::new(password))),
        (None, None) => None,
        (Some(_), None) => return Err(unusable("SMTP_USER is set, and SMTP_PASSWORD is not")),
        (None, Some(_)) => return Err(unusable("SMTP_PASSWORD is set, and SMTP_USER is not")),
    };
    SmtpChannel::new(config, login, writer(from)?, clock)
        .map_err(|error| Unusable::from_error("--smtp", &error).into())
}

fn writer(from: Option<EmailAddress>) -> Result<MailWriter, Problem> {
    let from = match from {
        Some(from) => from,
        None => "apis@shop.example".parse()?,
    };
    let templates = Templates::builder().build()?;
    let sender = Sender::new(from).named("API Platform");
    Ok(MailWriter::new(sender, Arc::new(templates))?)
}

fn variable(name: &str) -> Result<Option<String>, Problem> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(unusable(format!("{name} is no text"))),
    }
}
