//! The suite for the grant ports.
