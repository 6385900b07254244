//! The suite for the code ports.
