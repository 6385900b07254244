//! Integration tests: what the parts promise together, through the public API.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod engine;
#[cfg(test)]
mod issuance;
mod no_forgery;
#[cfg(test)]
mod report;
#[cfg(test)]
mod retired;
#[cfg(test)]
mod standard;
#[cfg(test)]
mod tamper;
