//! Which templates there are, and what they say where nobody says otherwise.

use deprovision_core::provider::NoticeStage;

/// The language that has everything.
pub(super) const ENGLISH: &str = "en";

/// What a letter is made of.
pub(super) const KINDS: [&str; 3] = ["subject", "txt", "html"];

/// The stages, by the first part of the names of their templates.
pub(super) const STAGES: [&str; 13] = [
    "approval",
    "announcement",
    "reminder",
    "postponement",
    "brown-out",
    "last-call",
    "closed",
    "restored",
    "retired",
    "withdrawal",
    "unused",
    "drift",
    "digest",
];

/// The name of a stage's templates.
pub(super) fn of(stage: NoticeStage) -> &'static str {
    match stage {
        NoticeStage::Approval { .. } => "approval",
        NoticeStage::Announcement => "announcement",
        NoticeStage::Reminder { .. } => "reminder",
        NoticeStage::Postponement { .. } => "postponement",
        NoticeStage::BrownOut { .. } => "brown-out",
        NoticeStage::LastCall => "last-call",
        NoticeStage::Closed => "closed",
        NoticeStage::Restored => "restored",
        NoticeStage::Retired => "retired",
        NoticeStage::Withdrawal => "withdrawal",
        NoticeStage::Unused => "unused",
        NoticeStage::Drift => "drift",
        NoticeStage::Digest => "digest",
    }
}

macro_rules! english {
    ($($name:literal),* $(,)?) => {
        /// The templates of this crate: name without language, and source.
        pub(super) const DEFAULTS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../templates/en/", $name)))),*];
    };
}

english![
    "layout.html",
    "parts.html",
    "parts.txt",
    "times.txt",
    "words.txt",
    "calendar.subject",
    "calendar.txt",
    "approval.subject",
    "approval.txt",
    "approval.html",
    "announcement.subject",
    "announcement.txt",
    "announcement.html",
    "reminder.subject",
    "reminder.txt",
    "reminder.html",
    "postponement.subject",
    "postponement.txt",
    "postponement.html",
    "brown-out.subject",
    "brown-out.txt",
    "brown-out.html",
    "last-call.subject",
    "last-call.txt",
    "last-call.html",
    "closed.subject",
    "closed.txt",
    "closed.html",
    "restored.subject",
    "restored.txt",
    "restored.html",
    "retired.subject",
    "retired.txt",
    "retired.html",
    "withdrawal.subject",
    "withdrawal.txt",
    "withdrawal.html",
    "unused.subject",
    "unused.txt",
    "unused.html",
    "drift.subject",
    "drift.txt",
    "drift.html",
    "digest.subject",
    "digest.txt",
    "digest.html",
];
