//! What people give and edit: what exists, who is behind callers, what is demanded, and
//! how letters wait.

use std::sync::Arc;

use deprovision_core::catalog::{Catalog, Contact, Directory, EmailAddress, Source};
use deprovision_core::policy::Policy;
use deprovision_examples::{Files, Problem};
use deprovision_notify::CourierConfig;

use crate::args::Args;
use crate::unusable::{Unusable, unusable};
use crate::world::ACCOUNT;

/// All of it, read.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) catalog: Catalog,
    pub(crate) directory: Arc<Directory>,
    pub(crate) policy: Policy,
    pub(crate) courier: CourierConfig,
    /// Everybody who may get mail.
    pub(crate) contacts: Vec<Contact>,
}

impl Given {
    /// Reads the files; they are given out the first time.
    pub(crate) fn read(files: &Files, base: &str, args: &Args) -> Result<Self, Problem> {
        give_out(files, base, args)?;
        let (catalog, directory) = (catalog(files)?, directory(files)?);
        Ok(Self {
            contacts: contacts(&catalog, &directory)?,
            catalog,
            directory: Arc::new(directory),
            policy: policy(files)?,
            courier: courier(files)?,
        })
    }
}

/// Those in the catalog, and those behind the callers.
fn contacts(catalog: &Catalog, directory: &Directory) -> Result<Vec<Contact>, Problem> {
    let mut contacts = Vec::new();
    for api in catalog.apis.values() {
        contacts.extend(api.owner.iter().cloned());
        contacts.extend(api.stakeholders.iter().map(|who| who.contact.clone()));
        contacts.extend(api.consumers.values().cloned());
    }
    for caller in ["ak_billing", "ak_reports"] {
        contacts.extend(directory.behind(&caller.parse()?).cloned());
    }
    contacts.sort_unstable();
    contacts.dedup_by(|a, b| a.person == b.person);
    Ok(contacts)
}

/// The files that people edit, as they are the first time.
fn give_out(files: &Files, base: &str, args: &Args) -> Result<(), Problem> {
    let is_new = files.read("catalog.yaml")?.is_none();
    match (&args.to, is_new) {
        (Some(_), false) => {
            return Err(unusable(format!(
                "--to is for a new directory, and {} has addresses: edit its catalog.yaml and \
                 directory.yaml",
                files.root().display()
            )));
        }
        (None, true) if args.smtp.is_some() => {
            return Err(unusable(
                "--smtp needs --to ADDRESS in a new directory, so that nobody gets mail by accident",
            ));
        }
        _ => {}
    }
    let given = [
        ("policy.toml", include_str!("policy.toml")),
        ("courier.toml", include_str!("courier.toml")),
        ("directory.yaml", include_str!("directory.yaml")),
        // The last: with it, the directory is no new one.
        ("catalog.yaml", include_str!("catalog.yaml")),
    ];
    for (name, text) in given {
        if files.read(name)?.is_none() {
            let mut text = text.replace("{base}", base);
            for (field, value) in quiet_hours(args.serve) {
                text = text.replace(field, value);
            }
            for person in PEOPLE {
                let address = address(person, args.to.as_ref());
                text = text.replace(&format!("{{{person}}}"), &address);
            }
            files.write(name, text)?;
        }
    }
    Ok(())
}

/// Who has an address.
const PEOPLE: [&str; 6] = ["dana", "sam", "ann", "erin", "billing-team", "reports-team"];

/// Whoever starts a server wants to see a letter; in the story nobody has to wait.
fn quiet_hours(serve: bool) -> [(&'static str, &'static str); 3] {
    let (why, from, to) = match serve {
        true => (
            "never here, so that letters are seen at once: write 20:00:00 and 08:00:00.",
            "00:00:00",
            "00:00:00",
        ),
        false => ("a day is enough to tell them.", "20:00:00", "08:00:00"),
    };
    [("{why}", why), ("{from}", from), ("{to}", to)]
}

fn address(person: &str, to: Option<&EmailAddress>) -> String {
    match to.and_then(|to| to.as_str().split_once('@')) {
        Some((name, host)) => format!("{name}+{person}@{host}"),
        None => format!("{person}@shop.example"),
    }
}

fn catalog(files: &Files) -> Result<Catalog, Problem> {
    let (name, text) = text(files, "catalog.yaml")?;
    let read = Catalog::read(&[Source::new(&name, &text)]);
    read.map_err(|errors| unusable(format!("the catalog can not be used:\n{errors}")))
}

fn directory(files: &Files) -> Result<Directory, Problem> {
    let (name, text) = text(files, "directory.yaml")?;
    let read = Directory::read(&Source::new(&name, &text));
    read.map_err(|errors| unusable(format!("the directory can not be used:\n{errors}")))
}

fn policy(files: &Files) -> Result<Policy, Problem> {
    let (name, text) = text(files, "policy.toml")?;
    let read = Policy::from_toml(&name, &text);
    read.map_err(|error| Unusable::from_error("the policy can not be used", &error).into())
}

/// What people wrote, and where the queue is.
fn courier(files: &Files) -> Result<CourierConfig, Problem> {
    let (name, text) = text(files, "courier.toml")?;
    let wrong = |error: &toml::de::Error| Problem::from(Unusable::from_error(&name, error));
    let mut table: toml::Table = text.parse().map_err(|error| wrong(&error))?;
    let queue = files.path("courier.redb").display().to_string();
    table.insert("file".to_owned(), queue.into());
    table.insert("account".to_owned(), ACCOUNT.into());
    table.try_into().map_err(|error| wrong(&error))
}

fn text(files: &Files, name: &str) -> Result<(String, String), Problem> {
    let text = files.read(name)?.unwrap_or_default();
    Ok((files.path(name).display().to_string(), text))
}
