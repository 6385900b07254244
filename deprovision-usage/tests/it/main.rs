//! Access logs on a real disk.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod exact;
#[cfg(test)]
mod files;
#[cfg(test)]
mod inputs;
#[cfg(test)]
mod log;
#[cfg(test)]
mod packed;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod world;
