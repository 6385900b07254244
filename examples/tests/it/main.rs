//! The quickstart's retirement, killed at every point.

#[cfg(test)]
mod facts;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod process;
