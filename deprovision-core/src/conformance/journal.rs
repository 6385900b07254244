//! The suite for the journal ports.
