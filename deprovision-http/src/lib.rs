//! HTTP for deprovision: Deprecation and Sunset headers, brown-outs, 410 Gone, probes from outside.
#![deny(missing_docs)]
