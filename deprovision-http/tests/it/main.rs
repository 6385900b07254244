//! Tests over TCP and with real files and processes.

#[cfg(test)]
mod access_log;
#[cfg(test)]
mod answer_trouble;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod generic;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod liars;
#[cfg(test)]
mod plain;
#[cfg(test)]
mod processes;
#[cfg(test)]
mod spellings;
#[cfg(test)]
mod state_file;
#[cfg(test)]
mod world;
