//! The time of the story, which is moved, and that of this machine.

use std::sync::Arc;

use deprovision_core::time::{Clock, ManualClock, SystemClock, Timestamp};
use deprovision_examples::{Files, Problem};

use crate::unusable::unusable;

/// When it began, and by which clock.
const START: &str = "start";
/// Where the clock that is moved stands; there is no such file beside the other one.
const MOVED: &str = "clock";

/// Which clock everybody looks at.
#[derive(Debug)]
pub(crate) enum Time {
    Moved(Arc<ManualClock>),
    Real(Arc<SystemClock>),
}

impl Time {
    /// The clock of a directory, and when it began there.
    pub(crate) fn open(files: &Files, real: bool) -> Result<(Self, Timestamp), Problem> {
        // Whole seconds: access logs have no finer ones.
        let now = Timestamp::from_second(Timestamp::now().as_second())?;
        let moved = files.read(MOVED)?;
        let start = match files.read(START)? {
            Some(text) => {
                if moved.is_some() == real {
                    let (dir, was) = (
                        files.root().display(),
                        if real { "without" } else { "with" },
                    );
                    return Err(unusable(format!(
                        "{dir} was begun {was} --serve, and by its clock; go on so, or choose \
                         another directory"
                    )));
                }
                text.trim().parse()?
            }
            None if real => now,
            // A working day, whenever it is told.
            None => format!("{}T09:00:00Z", now.strftime("%Y-%m-%d")).parse()?,
        };
        if real {
            files.write(START, start.to_string())?;
            return Ok((Self::Real(Arc::new(SystemClock::new())), start));
        }
        let at = match moved {
            Some(text) => text.trim().parse()?,
            None => start,
        };
        files.write(MOVED, at.to_string())?;
        files.write(START, start.to_string())?;
        Ok((Self::Moved(Arc::new(ManualClock::starting_at(at))), start))
    }

    /// The clock.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Self::Moved(clock) => clock.clone(),
            Self::Real(clock) => clock.clone(),
        }
    }

    /// Moves the clock on to that moment, where it is moved at all.
    pub(crate) fn move_to(&self, files: &Files, at: Timestamp) -> Result<(), Problem> {
        match self {
            Self::Moved(clock) => {
                // Written first: whoever goes on is never back in time.
                files.write(MOVED, at.max(clock.now()).to_string())?;
                clock.advance_to(at);
                Ok(())
            }
            Self::Real(_) => Err("the clock of this machine is not moved".into()),
        }
    }
}
