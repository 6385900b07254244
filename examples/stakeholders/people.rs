//! People: they read their mail, open its links in a browser, and send the forms.

use axum::body::Bytes;
use deprovision_core::id::PersonId;
use deprovision_core::time::Timestamp;
use deprovision_examples::{Files, Problem};
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::mailbox;
use crate::unusable::unusable;
use crate::world::World;

/// The lines above the links in a letter, as the templates of the crate have them.
pub(crate) const READ: &str = "I have read this:";
pub(crate) const OBJECT: &str = "I object:";
pub(crate) const MORE_TIME: &str = "I need more time:";
pub(crate) const APPROVE: &str = "Approve:";

/// What a browser got.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: StatusCode,
    text: String,
}

/// Somebody with a mailbox and a browser.
#[derive(Debug)]
pub(crate) struct Person<'a> {
    pub(crate) id: PersonId,
    pub(crate) address: &'a str,
    pub(crate) files: &'a Files,
}

impl<'a> Person<'a> {
    /// Somebody who may get mail.
    pub(crate) fn of(world: &'a World, name: &str) -> Result<Self, Problem> {
        let contact = world
            .given
            .contacts
            .iter()
            .find(|to| to.person.as_str() == name);
        let contact = contact.ok_or_else(|| {
            unusable(format!(
                "neither catalog.yaml nor directory.yaml has {name}, who plays in the story"
            ))
        })?;
        Ok(Self {
            id: contact.person.clone(),
            address: contact.email.as_str(),
            files: &world.files,
        })
    }

    /// The links below that line in all letters, the oldest first.
    pub(crate) fn links(&self, label: &str) -> Result<Vec<String>, Problem> {
        let mails = mailbox::read(self.files, self.address)?;
        let links = mails.iter().filter_map(|mail| mail.link(label));
        Ok(links.map(str::to_owned).collect())
    }

    /// The link below that line in the last letter that has one.
    pub(crate) fn link(&self, label: &str) -> Result<String, Problem> {
        let mails = mailbox::read(self.files, self.address)?;
        let link = mails.iter().rev().find_map(|mail| mail.link(label));
        let link = link.ok_or_else(|| format!("{} got no letter with {label:?}", self.id))?;
        Ok(link.to_owned())
    }

    /// Says that they read it.
    pub(crate) async fn acknowledge(&self) -> Result<(), Problem> {
        answer(&self.link(READ)?, &[]).await
    }

    /// Objects.
    pub(crate) async fn object(&self, reason: &str) -> Result<(), Problem> {
        answer(&self.link(OBJECT)?, &[("reason", reason)]).await
    }

    /// Asks for time until the end of that day.
    pub(crate) async fn ask_for_time(&self, until: Timestamp, reason: &str) -> Result<(), Problem> {
        let day = until.strftime("%Y-%m-%d").to_string();
        let fields = [("reason", reason), ("until", &day)];
        answer(&self.link(MORE_TIME)?, &fields).await
    }
}

/// Opens a link, as scanners of mail do before anybody reads it, and sends its form.
pub(crate) async fn answer(link: &str, fields: &[(&str, &str)]) -> Result<(), Problem> {
    let opened = open(link).await?;
    let sent = match opened.status {
        StatusCode::OK => send(link, fields).await?,
        _ => opened,
    };
    match sent.status {
        StatusCode::OK => Ok(()),
        status => Err(format!("the page of answers said {status}: {}", sent.words()).into()),
    }
}

/// Opens a link.
pub(crate) async fn open(link: &str) -> Result<Page, Problem> {
    fetch(http::Request::get(link).body(Full::default())?).await
}

/// Sends the form of a link, which goes to the address that shows it.
pub(crate) async fn send(link: &str, fields: &[(&str, &str)]) -> Result<Page, Problem> {
    let (_, token) = link.split_once("?token=").ok_or("a link without a token")?;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("token", token);
    form.extend_pairs(fields);
    let request = http::Request::post(link)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Full::from(form.finish()))?;
    fetch(request).await
}

async fn fetch(request: http::Request<Full<Bytes>>) -> Result<Page, Problem> {
    let http: Client<HttpConnector, _> = Client::builder(TokioExecutor::new()).build_http();
    let response = http.request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    Ok(Page { status, text })
}

impl Page {
    /// What a person reads on it, without the marks between.
    fn words(&self) -> String {
        let main = self.text.split_once("<main>").map_or("", |(_, main)| main);
        let parts = main.split('<').filter_map(|part| part.split_once('>'));
        let words: Vec<&str> = parts
            .map(|(_, text)| text.trim())
            .filter(|text| !text.is_empty())
            .collect();
        words.join(" ")
    }
}
