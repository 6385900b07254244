//! What people say to the engine.

use std::collections::BTreeSet;

use crate::answer::{AnswerKind, AnswerTicket};
use crate::digest::Digest;
use crate::engine::stream::seal;
use crate::engine::{Engine, EngineError, PlanView};
use crate::id::{ObjectionId, PersonId, RetirementId, Role, StepId};
use crate::journal::{Actor, AppendError, Authority, Entry};
use crate::permit::{Approval, Waiver};
use crate::resource::GrantId;
use crate::retirement::{
    Answer, Answered, Command, Mode, Next, Objection, Proposal, Refusal, Retirement,
};
use crate::time::{Period, Timestamp};

/// One person's yes: to a plan as a whole, or to one irreversible step of it.
///
/// Who a person is and which roles they hold is for the caller to establish.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Approve {
    /// Who.
    pub by: PersonId,
    /// In which roles.
    pub roles: BTreeSet<Role>,
    /// To which plan: the digest that they read.
    pub plan: Digest,
    /// To which irreversible step; `None` for the plan as a whole.
    pub step: Option<StepId>,
}

impl Approve {
    /// A yes to the plan as a whole.
    #[must_use]
    pub fn plan(by: PersonId, plan: Digest) -> Self {
        Self {
            by,
            roles: BTreeSet::new(),
            plan,
            step: None,
        }
    }

    /// A yes to one irreversible step of the plan.
    #[must_use]
    pub fn step(by: PersonId, plan: Digest, step: StepId) -> Self {
        Self {
            step: Some(step),
            ..Self::plan(by, plan)
        }
    }

    /// The same in roles.
    #[must_use]
    pub fn in_roles(mut self, roles: impl IntoIterator<Item = Role>) -> Self {
        self.roles.extend(roles);
        self
    }
}

/// One person's word that a grant may stay for a while: which, why, and until when.
///
/// Who a person is and which roles they hold is for the caller to establish. The id of
/// the grant is in the plan, in the error of a plan that could not be made, or in what
/// the run is parked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waive {
    /// Who.
    pub by: PersonId,
    /// In which roles.
    pub roles: BTreeSet<Role>,
    /// Which grant.
    pub grant: GrantId,
    /// Why it may stay.
    pub reason: String,
    /// Until when; never longer than the policy allows.
    pub until: Timestamp,
}

impl Waive {
    /// A word for one grant.
    #[must_use]
    pub fn grant(
        by: PersonId,
        grant: GrantId,
        reason: impl Into<String>,
        until: Timestamp,
    ) -> Self {
        Self {
            by,
            roles: BTreeSet::new(),
            grant,
            reason: reason.into(),
            until,
        }
    }

    /// The same in roles.
    #[must_use]
    pub fn in_roles(mut self, roles: impl IntoIterator<Item = Role>) -> Self {
        self.roles.extend(roles);
        self
    }
}

/// What a person writes into the form of a link.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct AnswerWords {
    /// Why; empty where nothing is asked.
    pub reason: String,
    /// Until when, for more time.
    pub until: Option<Timestamp>,
}

impl AnswerWords {
    /// A reason.
    #[must_use]
    pub fn because(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            until: None,
        }
    }

    /// With until when.
    #[must_use]
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }
}

impl Engine {
    /// Proposes to retire an API; gives the retirement's name, which is the API's
    /// id, with a number where that was used before.
    ///
    /// # Errors
    /// [`EngineError`] when the API is being retired already, a step of the
    /// pipeline or a usage source is not plugged in, or the log can not be written.
    pub async fn propose(&self, proposal: Proposal) -> Result<RetirementId, EngineError> {
        self.check_parts(&proposal)?;
        let api = proposal.api.id.clone();
        let actor = Actor::Person(proposal.by.clone());
        let event = Retirement::propose(proposal);
        for number in 1u32.. {
            let name = match number {
                1 => api.as_str().to_owned(),
                more => format!("{api}-{more}"),
            };
            let id = RetirementId::parse(name)?;
            match self.open(&id).await {
                Ok(before) => match before.state.mode() {
                    Mode::Cancelled | Mode::Finished => continue,
                    Mode::Forward | Mode::Unwinding | Mode::Watching { .. } => {
                        return Err(EngineError::AlreadyUnderWay {
                            api,
                            retirement: id,
                        });
                    }
                },
                Err(EngineError::Journal(crate::journal::JournalError::NoSuchStream(_))) => {}
                Err(error) => return Err(error),
            }
            let now = self.clock.now();
            let genesis = Entry::genesis(&id);
            let entries = seal(&id, 0, genesis, std::slice::from_ref(&event), &actor, now)?;
            match self
                .journal
                .append(&id, 0, Authority::Bystander, &entries)
                .await
            {
                Ok(()) => {
                    if let Some(entry) = entries.first() {
                        self.tell(entry, &event);
                    }
                    self.wake.notify_one();
                    return Ok(id);
                }
                Err(AppendError::Conflict { .. }) => {
                    return Err(EngineError::AlreadyUnderWay {
                        api,
                        retirement: id,
                    });
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refusal::NotNow("there are too many retirements of it".to_owned()).into())
    }

    /// The plan, made now when there is none: a dry run. Nothing is executed but
    /// a plan that was recorded like this and approved.
    ///
    /// # Errors
    /// [`EngineError::Planning`] with the step whose targets could not be seen;
    /// [`EngineError::Refused`] when the plan passes a limit of the policy.
    pub async fn plan(&self, id: &RetirementId) -> Result<PlanView, EngineError> {
        let mut stream = self.open(id).await?;
        let now = self.clock.now();
        if stream.state.plan().is_none() && stream.state.next(now) == Next::MakePlan {
            let plan = self.make_plan(&stream).await?;
            let actor = Actor::Worker(self.worker.clone());
            let command = Command::RecordPlan(plan);
            match self
                .commit(&mut stream, Authority::Bystander, &actor, command)
                .await
            {
                Ok(_) => {}
                // Another worker made it first.
                Err(EngineError::Refused(Refusal::NotNow(_))) if stream.state.plan().is_some() => {}
                Err(error) => return Err(error),
            }
        }
        PlanView::of(&stream.id, &stream.state, self.clock.now()).ok_or_else(|| {
            Refusal::NotNow("there is no plan, and none is needed".to_owned()).into()
        })
    }

    /// Approves a plan, or one irreversible step of it.
    ///
    /// # Errors
    /// [`EngineError::Refused`] for the proposer, another plan, or a step that
    /// needs no approval of its own.
    pub async fn approve(&self, id: &RetirementId, yes: Approve) -> Result<(), EngineError> {
        let now = self.clock.now();
        let by = yes.by.clone();
        // The machine sets the moment and cuts the expiry to the policy's.
        let expires = Period::days(365).after(now);
        let approval = Approval::new(yes.by, yes.roles, yes.plan, yes.step, now, expires);
        self.say(id, by, Command::Approve(approval)).await
    }

    /// Holds a retirement until the objection is withdrawn or expires.
    ///
    /// # Errors
    /// [`Refusal::TooLate`] when something irreversible was begun.
    pub async fn object(&self, id: &RetirementId, objection: Objection) -> Result<(), EngineError> {
        let by = objection.by.clone();
        self.say(id, by, Command::Object(objection)).await
    }

    /// Takes an objection back; only who raised it can.
    ///
    /// # Errors
    /// [`Refusal::NoSuchObjection`] when there is none of theirs.
    pub async fn withdraw(
        &self,
        id: &RetirementId,
        objection: ObjectionId,
        by: PersonId,
    ) -> Result<(), EngineError> {
        let command = Command::WithdrawObjection {
            id: objection,
            by: by.clone(),
        };
        self.say(id, by, command).await
    }

    /// Lets a grant stay for a while (invariant I-6): it is not removed, and no finding
    /// until then. A plan that would remove it is voided, to be approved without.
    ///
    /// # Errors
    /// [`Refusal::Waiver`] for the proposer, without a reason, when the policy allows
    /// no waivers, or when the grant is being removed already.
    pub async fn waive(&self, id: &RetirementId, waive: Waive) -> Result<(), EngineError> {
        let by = waive.by.clone();
        let stream = self.open(id).await?;
        // The machine sets the moment and cuts the expiry to the policy's.
        let waiver = Waiver::new(
            waive.grant,
            stream.state.api().id.clone(),
            waive.by,
            waive.reason,
            self.clock.now(),
            waive.until,
        )
        .in_roles(waive.roles);
        self.say(id, by, Command::Waive(waiver)).await
    }

    /// Takes a waiver back; only who gave it can.
    ///
    /// # Errors
    /// [`Refusal::Waiver`] when there is none of theirs that still counts.
    pub async fn withdraw_waiver(
        &self,
        id: &RetirementId,
        grant: GrantId,
        by: PersonId,
    ) -> Result<(), EngineError> {
        let command = Command::WithdrawWaiver {
            grant,
            by: by.clone(),
        };
        self.say(id, by, command).await
    }

    /// Answers a notice by a link that was checked: what a page does when its form is
    /// sent. Who has the link counts as the person it was made for.
    ///
    /// Roles that an approval needs are those in which the catalog has the person as a
    /// stakeholder of the API.
    ///
    /// # Errors
    /// [`Refusal::AnswerUsed`] when the link was used before; what an objection or an
    /// approval may be refused for.
    pub async fn answer(
        &self,
        ticket: AnswerTicket,
        words: AnswerWords,
    ) -> Result<(), EngineError> {
        let id = ticket.answer_id()?;
        let answer = match ticket.kind {
            AnswerKind::Acknowledge => Answer::Acknowledge,
            AnswerKind::Object => Answer::Object {
                reason: words.reason,
            },
            AnswerKind::MoreTime => Answer::MoreTime {
                until: words.until.ok_or_else(|| {
                    Refusal::NotNow("more time has no end; say until when".to_owned())
                })?,
                reason: words.reason,
            },
            AnswerKind::Approve { plan, step } => {
                let stream = self.open(&ticket.retirement).await?;
                let stakeholders = stream.state.api().stakeholders.iter();
                let theirs = stakeholders.filter(|who| who.contact.person == ticket.person);
                Answer::Approve {
                    plan,
                    step,
                    roles: theirs.map(|who| who.role.clone()).collect(),
                }
            }
        };
        let by = ticket.person;
        let answered = Answered::new(id, by.clone(), ticket.notice, answer);
        self.say(&ticket.retirement, by, Command::Answer(answered))
            .await
    }

    /// Moves the promised end of a retirement later; everybody who was told is told
    /// again, and their calendar entry moves. Who may do this is for the caller to
    /// establish.
    ///
    /// # Errors
    /// [`Refusal::NotNow`] when the new end is not later (dates move only later without
    /// a new approval) or the path is being closed; [`Refusal::TooLate`].
    pub async fn postpone(
        &self,
        id: &RetirementId,
        by: PersonId,
        to: Timestamp,
        reason: impl Into<String> + Send,
    ) -> Result<(), EngineError> {
        let command = Command::Postpone {
            to,
            by: by.clone(),
            reason: reason.into(),
        };
        self.say(id, by, command).await
    }

    /// Calls a retirement off: everything that was done is undone, the last first.
    ///
    /// # Errors
    /// [`Refusal::TooLate`] when something irreversible was begun.
    pub async fn cancel(
        &self,
        id: &RetirementId,
        by: PersonId,
        reason: impl Into<String> + Send,
    ) -> Result<(), EngineError> {
        let command = Command::Cancel {
            by: by.clone(),
            reason: reason.into(),
        };
        self.say(id, by, command).await
    }

    /// Lets a parked retirement go on.
    ///
    /// # Errors
    /// [`Refusal::NotNow`] when it is not parked.
    pub async fn resume(
        &self,
        id: &RetirementId,
        by: PersonId,
        reason: impl Into<String> + Send,
    ) -> Result<(), EngineError> {
        let command = Command::Resume {
            by: by.clone(),
            reason: reason.into(),
        };
        self.say(id, by, command).await
    }

    async fn say(
        &self,
        id: &RetirementId,
        by: PersonId,
        command: Command,
    ) -> Result<(), EngineError> {
        let mut stream = self.open(id).await?;
        let actor = Actor::Person(by);
        self.commit(&mut stream, Authority::Bystander, &actor, command)
            .await?;
        self.wake.notify_one();
        Ok(())
    }

    /// Every step and source must be plugged in before anything begins.
    fn check_parts(&self, proposal: &Proposal) -> Result<(), EngineError> {
        for spec in proposal.pipeline.steps() {
            let is = self.step(&spec.id)?.describe();
            if is.reversibility != spec.reversibility || is.effect != spec.effect {
                return Err(EngineError::StepMismatch {
                    step: spec.id.clone(),
                    said: format!("{:?} and {:?}", spec.reversibility, spec.effect),
                    is: format!("{:?} and {:?}", is.reversibility, is.effect),
                });
            }
        }
        let sources = &proposal.api.usage_sources;
        match sources
            .iter()
            .find(|name| !self.sources.contains_key(*name))
        {
            None => Ok(()),
            Some(name) => Err(EngineError::NoSuchSource {
                api: proposal.api.id.clone(),
                name: name.clone(),
            }),
        }
    }
}
