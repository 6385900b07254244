//! The suite for the path ports.
