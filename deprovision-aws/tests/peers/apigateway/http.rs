//! HTTP APIs.
