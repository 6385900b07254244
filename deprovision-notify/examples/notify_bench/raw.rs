//! The mail library alone, and mails that were written before: with its own pool, or with
//! connections whose packets do not wait for acknowledgements, as ours do not.

use std::path::Path;
use std::sync::{Arc, Mutex};

use lettre::AsyncTransport as _;
use lettre::address::Envelope;
use tokio::task::JoinSet;

use crate::server::Server;
use crate::written::Written;
use crate::{CONNECTIONS, Failure};

/// The mails, as far as nobody has sent them.
#[derive(Clone)]
struct Mails(Arc<Mutex<Written>>);

impl Mails {
    fn open(file: &Path) -> Result<Self, Failure> {
        Ok(Self(Arc::new(Mutex::new(Written::open(file)?))))
    }

    fn next(&self) -> Result<Option<(Envelope, Vec<u8>)>, Failure> {
        let next = self.0.lock().map_err(|_| "another sender failed")?.next()?;
        let Some((to, mail)) = next else {
            return Ok(None);
        };
        let from = Some("apis@example.com".parse()?);
        Ok(Some((Envelope::new(from, vec![to.parse()?])?, mail)))
    }
}

/// By the library's pool, as many at once as there are connections.
pub(crate) async fn send(server: &Server, file: &Path) -> Result<(), Failure> {
    let (transport, mails) = (server.transport()?, Mails::open(file)?);
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (transport, mails) = (transport.clone(), mails.clone());
        senders.spawn(async move {
            while let Some((envelope, mail)) = mails.next()? {
                transport.send_raw(&envelope, &mail).await?;
                // A task of the library's gives the connection back: without this the
                // next mail would come before it, and open another one.
                tokio::task::yield_now().await;
            }
            Ok(())
        });
    }
    all(senders).await
}

/// By connections of the library's that do not wait, each kept to the end, and asked
/// before each mail whether it lives, as the pool does.
pub(crate) async fn send_promptly(server: Server, file: &Path) -> Result<(), Failure> {
    let (server, mails) = (Arc::new(server), Mails::open(file)?);
    let mut senders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (server, mails) = (server.clone(), mails.clone());
        senders.spawn(async move {
            let mut connection = server.connection().await?;
            while let Some((envelope, mail)) = mails.next()? {
                if !connection.test_connected().await {
                    return Err("the mail server hung up".into());
                }
                connection.send(&envelope, &mail).await?;
            }
            Ok(())
        });
    }
    all(senders).await
}

async fn all(mut senders: JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    while let Some(done) = senders.join_next().await {
        done??;
    }
    Ok(())
}
