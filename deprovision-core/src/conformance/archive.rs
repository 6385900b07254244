//! The suite for the archive ports.
