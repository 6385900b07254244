//! The suite for the credential ports.
