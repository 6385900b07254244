//! Telling what happens on a terminal, or into a file.
#![expect(
    clippy::print_stdout,
    reason = "an example tells what it does on a terminal"
)]

use deprovision_core::engine::{Progress, sentence};
use deprovision_core::id::ActionId;
use deprovision_core::retirement::Event;
use deprovision_core::time::Timestamp;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::broadcast::Receiver;

/// Prints lines above a moving line, which only a terminal shows.
#[derive(Debug)]
pub struct Teller {
    bar: ProgressBar,
    start: Timestamp,
}

impl Teller {
    /// Days are counted from then.
    #[must_use]
    pub fn starting_at(start: Timestamp) -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("  {spinner} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        Self { bar, start }
    }

    /// A line.
    pub fn say(&self, line: impl AsRef<str>) {
        self.bar.suspend(|| println!("{}", line.as_ref()));
    }

    /// The beginning of a part.
    pub fn head(&self, title: &str) {
        self.say(format!("\n== {title}"));
    }

    /// A line with its day.
    pub fn at(&self, at: Timestamp, line: impl AsRef<str>) {
        let days = at.duration_since(self.start).as_hours().max(0) / 24;
        let date = at.strftime("%Y-%m-%d %H:%M");
        self.say(format!("  day {days:>2}  {date}  {}", line.as_ref()));
    }

    /// What is going on right now.
    pub fn now(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
    }

    /// Tells what happened since: what people want to know, not every event.
    pub fn news(&self, progress: &mut Receiver<Progress>) {
        while let Ok(news) = progress.try_recv() {
            if let Some(line) = news_line(&news.event) {
                self.at(news.at, line);
            }
        }
    }

    /// Nothing more is told.
    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

/// An event as a line of the story; nothing for the small steps in between.
#[must_use]
pub fn news_line(event: &Event) -> Option<String> {
    let short = |action: &ActionId| {
        let mut parts = action.as_str().splitn(3, '/');
        let step = parts.next().unwrap_or_default().to_owned();
        let name = parts.nth(1).unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or(name);
        format!("{step:<20} {name}")
    };
    match event {
        Event::ActionVerified { action, evidence } | Event::ActionSkipped { action, evidence } => {
            Some(format!("{}: {evidence}", short(action)))
        }
        Event::ActionUndone { action } => Some(format!("{}: undone", short(action))),
        Event::Proposed { .. }
        | Event::Planned { .. }
        | Event::PlanVoided { .. }
        | Event::Approved { .. }
        | Event::Objected { .. }
        | Event::ObjectionWithdrawn { .. }
        | Event::GrantWaived { .. }
        | Event::WaiverWithdrawn { .. }
        | Event::Answered { .. }
        | Event::Postponed { .. }
        | Event::PeopleTold { .. }
        | Event::DeliveriesSeen { .. }
        | Event::ActionDelayed { .. }
        | Event::LookDelayed { .. }
        | Event::Parked { .. }
        | Event::Resumed { .. }
        | Event::CancelRequested { .. }
        | Event::Unwound
        | Event::ClockStepped { .. }
        | Event::Certified { .. }
        | Event::AuditPassed
        | Event::DriftFound { .. }
        | Event::WatchEnded => Some(sentence(event)),
        Event::UsageRead { .. }
        | Event::ScopeConfirmed { .. }
        | Event::ActionPrepared { .. }
        | Event::ActionIntended { .. }
        | Event::ActionReported { .. }
        | Event::ActionObserved { .. }
        | Event::UndoIntended { .. }
        | Event::UndoReported { .. }
        | Event::UndoObserved { .. } => None,
    }
}
