//! The servers that tests run against: started on free ports of the loopback
//! interface, and stopped again whatever becomes of us.

mod aws;
mod leash;
mod mail;
mod port;

pub(crate) use aws::Aws;
pub(crate) use leash::Leashed;
pub(crate) use mail::Mail;
pub(crate) use port::free;
