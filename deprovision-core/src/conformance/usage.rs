//! The suite for the usage ports.
