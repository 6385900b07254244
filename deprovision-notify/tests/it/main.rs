//! An outbox on a real disk.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod courier;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod world;
