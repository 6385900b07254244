//! Words, and an outbox on a real disk.

#[cfg(test)]
mod channels;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod world;
