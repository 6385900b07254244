//! Usage of APIs from access logs, for deprovision.
#![deny(missing_docs)]
