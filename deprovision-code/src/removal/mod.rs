//! Taking references out: rules as data, hooks in code, and a judge.

mod book;
mod calls;
mod edit;
mod hook;
mod judge;
mod language;
mod lines;
mod manifest;
mod plan;
mod preview;
mod rules;
mod settings;
mod structured;

pub use hook::{HookEdit, HookFile, RemovalHook};
pub(crate) use judge::judge;
pub use judge::{Judge, Verdict};
pub(crate) use plan::{Ground, Job, fingerprint, plan_removal};
pub use preview::RemovalPreview;
pub use rules::{RemovalRule, removal_rules};
pub use settings::{RemovalSettings, RuleError};
