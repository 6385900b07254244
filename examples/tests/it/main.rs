//! The quickstart: as a person runs it, and its retirement killed at every point.

#[cfg(test)]
mod facts;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod process;
#[cfg(test)]
mod quickstart;
