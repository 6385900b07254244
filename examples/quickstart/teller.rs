//! Telling the story on a terminal, or into a file.

use deprovision_core::time::Timestamp;
use indicatif::{ProgressBar, ProgressStyle};

/// Prints lines above a moving line, which only a terminal shows.
#[derive(Debug)]
pub(crate) struct Teller {
    bar: ProgressBar,
    start: Timestamp,
}

impl Teller {
    pub(crate) fn starting_at(start: Timestamp) -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("  {spinner} {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(std::time::Duration::from_millis(100));
        Self { bar, start }
    }

    /// A line.
    pub(crate) fn say(&self, line: impl AsRef<str>) {
        self.bar.suspend(|| println!("{}", line.as_ref()));
    }

    /// The beginning of a part.
    pub(crate) fn head(&self, title: &str) {
        self.say(format!("\n== {title}"));
    }

    /// A line with its day.
    pub(crate) fn at(&self, at: Timestamp, line: impl AsRef<str>) {
        let days = at.duration_since(self.start).as_hours().max(0) / 24;
        let date = at.strftime("%Y-%m-%d %H:%M");
        self.say(format!("  day {days:>2}  {date}  {}", line.as_ref()));
    }

    /// What is going on right now.
    pub(crate) fn now(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
    }

    pub(crate) fn done(&self) {
        self.bar.finish_and_clear();
    }
}
