//! Access logs on a real disk.

#[cfg(test)]
mod asked;
#[cfg(test)]
mod callers;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod damaged;
#[cfg(test)]
mod exact;
#[cfg(test)]
mod files;
#[cfg(test)]
mod honest;
#[cfg(test)]
mod inputs;
#[cfg(test)]
mod log;
#[cfg(test)]
mod packed;
#[cfg(test)]
mod reader;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod world;
