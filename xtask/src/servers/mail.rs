//! Mail servers, with a reader of what they took.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::leash::Leashed;
use super::port::free;
use crate::{Failure, Places, peers};

/// Three mail servers in one process (STARTTLS, TLS from the first byte, neither), and
/// the page that tells what they took.
#[derive(Debug)]
pub(crate) struct Mail {
    reader: SocketAddr,
    starttls: SocketAddr,
    tls: SocketAddr,
    plain: SocketAddr,
    folder: PathBuf,
    server: Option<Leashed>,
}

impl Mail {
    /// Installs what is missing, starts the servers and returns when they answer.
    pub(crate) fn start(places: &Places) -> Result<Self, Failure> {
        let name = format!("deprovision-mail-{}", std::process::id());
        Self::start_in(places, &std::env::temp_dir().join(name))
    }

    fn start_in(places: &Places, folder: &Path) -> Result<Self, Failure> {
        let programs = peers::mail(places)?;
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{} can not be made: {error}", folder.display()))?;
        let ports: [SocketAddr; 4] = free()?;
        let [reader, starttls, tls, plain] = ports;
        let mut command = Command::new(programs.join("python"));
        command
            .arg(places.root.join("xtask/peers/smtp.py"))
            .arg(folder);
        for address in ports {
            command.arg(address.port().to_string());
        }
        let mut server = Leashed::start("smtp", folder, &mut command)?;
        server.wait_for(reader, "/", &[200])?;
        Ok(Self {
            reader,
            starttls,
            tls,
            plain,
            folder: folder.to_owned(),
            server: Some(server),
        })
    }

    /// The one with STARTTLS and a login, as `notify_bench` is told of it.
    pub(crate) fn submission(&self) -> String {
        let (port, ca) = (self.starttls.port(), self.folder.join("ca.pem"));
        format!("starttls:localhost:{port}:{}", ca.display())
    }

    /// Where the page is that tells what they took.
    pub(crate) fn reader(&self) -> SocketAddr {
        self.reader
    }

    /// How tests find the servers.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let file = |name: &str| self.folder.join(name).display().to_string();
        vec![
            ("DEPROVISION_MAIL_READER", self.reader.to_string()),
            (
                "DEPROVISION_SMTP_STARTTLS",
                self.starttls.port().to_string(),
            ),
            ("DEPROVISION_SMTP_TLS", self.tls.port().to_string()),
            ("DEPROVISION_SMTP_PLAIN", self.plain.port().to_string()),
            ("DEPROVISION_SMTP_CA", file("ca.pem")),
            ("DEPROVISION_SMTP_STRANGER", file("stranger.pem")),
        ]
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        self.server = None;
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
