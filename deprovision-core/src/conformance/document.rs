//! The suite for the document ports.
