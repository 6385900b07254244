//! What people do to the small world.

use std::collections::BTreeSet;

use super::world::*;
use crate::id::{ObjectionId, StepId};
use crate::permit::{Approval, Waiver};
use crate::retirement::*;
use crate::time::Period;

impl Case {
    /// Somebody else does the first thing that we have not looked at yet.
    pub(super) fn be_helped(&mut self) {
        let first = self
            .retirement
            .actions()
            .iter()
            .find(|(id, run)| run.phase == ActionPhase::Waiting && !self.reads(id));
        if let Some((id, _)) = first {
            self.world.insert(id.clone(), true);
            self.theirs.insert(id.clone());
        }
    }

    pub(super) fn approve(&mut self, step: Option<&str>) {
        let Some((_, digest)) = self.retirement.plan() else {
            return;
        };
        for by in ["ann", "bob"] {
            let step = step.map(|step| StepId::parse(step).unwrap());
            let expires = Period::days(365).after(self.now);
            let approval =
                Approval::new(person(by), BTreeSet::new(), digest, step, self.now, expires);
            let _ = self.give(Command::Approve(approval));
        }
    }

    pub(super) fn object(&mut self, name: &str) -> Result<Vec<Event>, Refusal> {
        let expires = Period::days(9).after(self.now);
        let id = ObjectionId::parse(name).unwrap();
        self.give(Command::Object(Objection::new(
            id,
            person("carol"),
            "payroll",
            expires,
        )))
    }

    /// Somebody lets a grant stay, of which the plan knows or does not.
    pub(super) fn waive(&mut self, n: u8, days: u64) -> Result<Vec<Event>, Refusal> {
        let expires = Period::days(days).after(self.now);
        let api = self.retirement.api().id.clone();
        let waiver = Waiver::new(grant(n), api, person("ann"), "needed", self.now, expires);
        self.give(Command::Waive(waiver))
    }

    pub(super) fn park(&mut self) -> Result<Vec<Event>, Refusal> {
        self.give(Command::Park {
            reason: "a driver could not go on".into(),
            next_safe_action: "help it".into(),
        })
    }

    pub(super) fn cancel(&mut self) -> Result<Vec<Event>, Refusal> {
        self.give(Command::Cancel {
            by: person("carol"),
            reason: "needed".into(),
        })
    }
}
