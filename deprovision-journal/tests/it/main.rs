//! The journal with a real disk, real locks and real kills.

mod conformance;
