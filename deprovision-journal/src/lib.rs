//! The durable event log of deprovision: redb, embedded.
#![deny(missing_docs)]
