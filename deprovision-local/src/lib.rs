//! Providers that need no cloud: a key file, a directory archive, an outbox of mails.
#![deny(missing_docs)]
