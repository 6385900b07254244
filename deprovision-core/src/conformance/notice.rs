//! The suite for the notice ports.
