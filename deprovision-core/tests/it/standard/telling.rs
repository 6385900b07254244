//! Who is told what and when, and what their answers do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use deprovision_core::answer::{AnswerDesk, AnswerKey};
use deprovision_core::catalog::{Api, Contact, Stakeholder};
use deprovision_core::engine::{AnswerWords, EngineError};
use deprovision_core::id::{CallerId, ProviderId, Role};
use deprovision_core::observation::Observation;
use deprovision_core::permit::WritePermit;
use deprovision_core::policy::Policy;
use deprovision_core::provider::{
    BackstageGroups, Delivery, DeliveryObserver, Notice, NoticeStage, Notifier, Outcome,
    ProviderError, UsageSource,
};
use deprovision_core::resource::NoticeId;
use deprovision_core::retirement::{Phase, Refusal, WaitRule};
use deprovision_core::secret::Secret;
use deprovision_core::steps::Providers;
use deprovision_core::time::{Clock, ManualClock, Period, Timestamp, Window};
use deprovision_core::usage::{CallerUse, UsageEvidence};

use super::retiring::{Retiring, person};
use super::world::World;

/// A post office that keeps every notice, and refuses those to one person but for the
/// first and the last. While it is shut nothing leaves it, and a withdrawal takes back
/// what has not left.
struct Post {
    clock: Arc<ManualClock>,
    sent: Mutex<Vec<(Timestamp, Notice)>>,
    refuses: &'static str,
    shut: AtomicBool,
    /// What becomes of reminders to some.
    reminders: Mutex<BTreeMap<&'static str, Delivery>>,
}

#[async_trait]
impl Notifier for Post {
    async fn send(&self, notice: &Notice, _: &WritePermit) -> Result<Outcome, ProviderError> {
        let kept = [NoticeStage::Announcement, NoticeStage::Withdrawal];
        if notice.to.person.as_str() == self.refuses && !kept.contains(&notice.stage) {
            return Ok(Outcome::not_done("550 no such user"));
        }
        let mut sent = self.sent.lock().unwrap();
        if self.shut.load(Ordering::Relaxed) && notice.stage == NoticeStage::Withdrawal {
            sent.retain(|(_, known)| known.to.person != notice.to.person);
            return Ok(Outcome::done("taken back"));
        }
        if !sent.iter().any(|(_, known)| known.id == notice.id) {
            sent.push((self.clock.now(), notice.clone()));
        }
        Ok(Outcome::done("250"))
    }
}

#[async_trait]
impl DeliveryObserver for Post {
    async fn delivery(&self, id: &NoticeId) -> Result<Observation<Delivery>, ProviderError> {
        let sent = self.sent.lock().unwrap();
        let found = sent.iter().find(|(_, notice)| notice.id == *id);
        let delivery = found.map_or(Delivery::NotSent, |(at, notice)| {
            let reminders = self.reminders.lock().unwrap();
            let to = reminders.get(notice.to.person.as_str());
            if let (NoticeStage::Reminder { .. }, Some(other)) = (notice.stage, to) {
                return other.clone();
            }
            match self.shut.load(Ordering::Relaxed) {
                true => Delivery::Pending { until: None },
                false => Delivery::Delivered { at: *at },
            }
        });
        Ok(Observation::complete(delivery, self.clock.now()))
    }
}

/// A log in which two callers call until a day, and one of them goes on for two weeks.
struct Log {
    clock: Arc<ManualClock>,
    until: Timestamp,
}

#[async_trait]
impl UsageSource for Log {
    fn name(&self) -> &str {
        "log"
    }

    fn lag(&self) -> Period {
        Period::ZERO
    }

    async fn usage(
        &self,
        api: &Api,
        window: Window,
    ) -> Result<Observation<UsageEvidence>, ProviderError> {
        let now = self.clock.now();
        let mut seen = UsageEvidence::new(api.id.clone(), "log", window, 0, None, now);
        for (name, last) in [
            ("payroll", self.until),
            // Somebody new, long after the plan was made, whom nobody knows.
            (
                "stranger",
                if now < day(30) {
                    Timestamp::UNIX_EPOCH
                } else {
                    self.until
                },
            ),
            ("web", Period::days(20).before(self.until)),
        ] {
            let last = last.min(now);
            if window.from <= last {
                let caller = CallerId::parse(name).unwrap();
                let mut used = CallerUse::new(caller, 40, last);
                used.routes.push("GET /v1/orders".to_owned());
                seen.callers.push(used);
                seen.requests += 40;
                seen.last_seen = seen.last_seen.max(Some(last));
            }
        }
        Ok(Observation::complete(seen, now))
    }
}

fn contact(name: &str) -> Contact {
    let email = format!("{name}@example.com").parse().unwrap();
    Contact::new(person(name), email)
}

const DAY: &str = "2027-01-01T00:00:00Z";

fn day(number: u64) -> Timestamp {
    Period::days(number).after(DAY.parse().unwrap())
}

struct Told {
    retiring: Retiring,
    post: Arc<Post>,
    desk: Arc<AnswerDesk>,
}

impl Told {
    /// Erin owns it, Sam looks after security and payroll, Wes after web.
    async fn new() -> Self {
        Self::with_keys(&[]).await
    }

    async fn with_keys(keys: &[&str]) -> Self {
        let world = World::new(keys);
        let clock = world.clock.clone();
        let post = Arc::new(Post {
            clock: clock.clone(),
            sent: Mutex::default(),
            refuses: "gone",
            shut: AtomicBool::new(false),
            reminders: Mutex::default(),
        });
        let key = AnswerKey::new(Secret::new("k".repeat(32))).unwrap();
        let desk = Arc::new(AnswerDesk::new("https://apis.example.com/answer", key).unwrap());
        let provider = ProviderId::parse("post").unwrap();
        let providers = Providers::new()
            .with_notices(provider, "shop", "local", post.clone())
            .with_answers(desk.clone());
        let log = Arc::new(Log {
            clock,
            until: day(35),
        });
        let retiring = Retiring::with(world, Policy::default(), providers, log, |api| {
            api.owner = Some(contact("erin"));
            api.sunset = Some(day(40));
            let role = |name| Role::parse(name).unwrap();
            api.stakeholders = vec![
                Stakeholder::new(contact("sam"), role("security")),
                Stakeholder::new(contact("gone"), role("legal")),
            ];
            api.consumers = BTreeMap::from([
                (CallerId::parse("payroll").unwrap(), contact("sam")),
                (CallerId::parse("web").unwrap(), contact("wes")),
            ]);
        })
        .await;
        Self {
            retiring,
            post,
            desk,
        }
    }

    /// Who was told of a stage, and on which day.
    fn told(&self, stage: NoticeStage) -> Vec<(String, String)> {
        let sent = self.post.sent.lock().unwrap();
        let mut told: Vec<(String, String)> = sent
            .iter()
            .filter(|(_, notice)| notice.stage == stage)
            .map(|(at, notice)| {
                let day = at.strftime("%m-%d").to_string();
                (notice.to.person.to_string(), day)
            })
            .collect();
        told.sort();
        told
    }

    fn notice(&self, stage: NoticeStage, to: &str) -> Notice {
        let sent = self.post.sent.lock().unwrap();
        let mut found = sent.iter().filter(|(_, notice)| notice.stage == stage);
        let found = found.find(|(_, notice)| notice.to.person.as_str() == to);
        found.unwrap().1.clone()
    }

    async fn use_link(&self, link: &str, words: AnswerWords) -> Result<(), EngineError> {
        let (_, token) = link.split_once("?token=").unwrap();
        let now = self.retiring.world.clock.now();
        let ticket = self.desk.read(token, now).unwrap();
        self.retiring.engine.answer(ticket, words).await
    }

    /// What happened, in the log's words.
    async fn story(&self) -> String {
        let timeline = self.retiring.engine.timeline(&self.retiring.id).await;
        let lines = timeline.unwrap().into_iter().map(|entry| entry.what);
        lines.collect::<Vec<_>>().join("\n")
    }

    async fn until(&self, phase: Phase) {
        assert!(self.retiring.until(|status, _| status.phase == phase).await);
    }
}

fn people(told: &[(String, String)]) -> Vec<&str> {
    told.iter().map(|(person, _)| person.as_str()).collect()
}

#[tokio::test]
async fn everybody_is_told_of_every_stage_once_and_who_still_calls_gets_a_last_call() {
    let told = Told::new().await;
    told.until(Phase::Retired).await;
    assert!(
        told.retiring
            .until(|status, _| status.next_check_at.is_some())
            .await
    );
    let announced = told.told(NoticeStage::Announcement);
    assert_eq!(people(&announced), ["erin", "gone", "sam", "wes"]);
    // The end is day 40: one reminder a week before, and no other one than it says.
    let week = told.told(NoticeStage::Reminder { days: 7 });
    assert_eq!(week[0], ("erin".to_owned(), "02-03".to_owned()));
    assert_eq!(people(&week), ["erin", "sam", "wes"]);
    // Payroll called within the week before the last day: Sam gets a last call, and no
    // reminder beside it.
    assert_eq!(
        told.told(NoticeStage::LastCall),
        [("sam".to_owned(), "02-09".to_owned())]
    );
    let tomorrow = told.told(NoticeStage::Reminder { days: 1 });
    assert_eq!(people(&tomorrow), ["erin", "wes"]);
    for stage in [
        NoticeStage::BrownOut { number: 1 },
        NoticeStage::BrownOut { number: 2 },
        NoticeStage::Closed,
        NoticeStage::Retired,
    ] {
        assert_eq!(people(&told.told(stage)), ["erin", "sam", "wes"], "{stage}");
    }
    let brown_out = told.notice(NoticeStage::BrownOut { number: 1 }, "wes");
    let facts = brown_out.facts.brown_out.unwrap();
    assert_eq!(facts.lasts, Period::hours(1));
    assert!(facts.not_before > told.post.sent.lock().unwrap()[0].0);
    let certificate = told.notice(NoticeStage::Retired, "erin").facts.certificate;
    assert!(certificate.unwrap().starts_with("sha256:"));
    // Sam has two roles, one message, and their own calls in it.
    let sam = told.notice(NoticeStage::Announcement, "sam");
    assert_eq!(sam.facts.roles.len(), 2, "{:?}", sam.facts.roles);
    assert_eq!(sam.facts.calls[0].caller.as_str(), "payroll");
    assert_eq!(sam.facts.calls[0].routes, ["GET /v1/orders"]);
    let story = told.story().await;
    assert!(story.contains("not gone: 550 no such user"), "{story}");
}

#[tokio::test]
async fn of_what_came_back_those_are_told_who_answer_for_it_and_once_for_each_finding() {
    let told = Told::new().await;
    told.until(Phase::Retired).await;
    let clock = &told.retiring.world.clock;
    told.retiring.world.held().path = deprovision_core::provider::PathState::Open { notice: None };
    for _ in 0..3 {
        clock.advance(Period::days(1));
        told.retiring.engine.run_until_idle().await.unwrap();
    }
    let drift = told.told(NoticeStage::Drift);
    assert_eq!(people(&drift), ["erin", "sam"], "{}", told.story().await);
    let notice = told.notice(NoticeStage::Drift, "erin");
    assert!(!notice.facts.findings.is_empty());
    // It goes, and comes back: that is told again, though it is the same.
    let closed = told.retiring.world.held().sets.last().cloned().unwrap();
    for path in [
        closed,
        deprovision_core::provider::PathState::Open { notice: None },
    ] {
        told.retiring.world.held().path = path;
        clock.advance(Period::days(1));
        told.retiring.engine.run_until_idle().await.unwrap();
    }
    let drift = told.told(NoticeStage::Drift);
    assert_eq!(
        people(&drift),
        ["erin", "erin", "sam", "sam"],
        "{}",
        told.story().await
    );
}

#[tokio::test]
async fn what_is_called_off_after_it_was_closed_is_told_to_answer_again() {
    let told = Told::new().await;
    assert!(told.retiring.until_complete("close").await);
    assert_eq!(told.told(NoticeStage::Closed).len(), 3);
    let retiring = &told.retiring;
    retiring
        .engine
        .cancel(&retiring.id, person("erin"), "payroll needs it")
        .await
        .unwrap();
    told.until(Phase::Cancelled).await;
    assert_eq!(
        people(&told.told(NoticeStage::Restored)),
        ["erin", "sam", "wes"]
    );
}

#[tokio::test]
async fn an_announcement_that_was_taken_back_before_it_went_is_undone_without_a_withdrawal() {
    let told = Told::new().await;
    told.post.shut.store(true, Ordering::Relaxed);
    let Retiring { engine, id, .. } = &told.retiring;
    told.retiring
        .until(|_, _| !told.told(NoticeStage::Announcement).is_empty())
        .await;
    engine
        .cancel(id, person("erin"), "payroll needs it")
        .await
        .unwrap();
    told.until(Phase::Cancelled).await;
    assert_eq!(told.told(NoticeStage::Announcement), []);
    assert_eq!(told.told(NoticeStage::Withdrawal), []);
}

#[tokio::test]
async fn i_16_an_objection_by_a_link_holds_and_the_link_counts_once() {
    let told = Told::new().await;
    told.until(Phase::Announced).await;
    let wes = told.notice(NoticeStage::Announcement, "wes");
    let links = wes.facts.links.clone().unwrap();
    told.use_link(&links.acknowledge, AnswerWords::default())
        .await
        .unwrap();
    told.use_link(&links.object, AnswerWords::because("the shop breaks"))
        .await
        .unwrap();
    assert!(told.retiring.status().await.waits_for(WaitRule::Objection));
    let again = told
        .use_link(&links.object, AnswerWords::because("again"))
        .await;
    assert!(
        matches!(again, Err(EngineError::Refused(Refusal::AnswerUsed(_)))),
        "{again:?}"
    );
    let story = told.story().await;
    assert!(
        story.contains("wes acknowledged orders-v1/announcement/wes"),
        "{story}"
    );
    assert!(story.contains("objection: the shop breaks"), "{story}");
    // Nobody is promised an end while somebody objects.
    told.retiring.world.clock.advance(Period::days(34));
    told.retiring.engine.run_until_idle().await.unwrap();
    assert_eq!(told.told(NoticeStage::Reminder { days: 7 }), []);
}

#[tokio::test]
async fn more_time_by_a_link_holds_until_then_and_no_longer() {
    let told = Told::new().await;
    told.until(Phase::Announced).await;
    let wes = told.notice(NoticeStage::Announcement, "wes");
    let links = wes.facts.links.clone().unwrap();
    let none = told
        .use_link(&links.more_time, AnswerWords::because("a release"))
        .await;
    assert!(none.is_err(), "until when?");
    let words = AnswerWords::because("a release").until(day(60));
    told.use_link(&links.more_time, words).await.unwrap();
    assert!(told.retiring.status().await.waits_for(WaitRule::Objection));
    assert!(told.retiring.until_complete("close").await);
    assert!(told.retiring.world.clock.now() >= day(60));
}

#[tokio::test]
async fn i_22_a_postponed_end_is_told_and_kept_and_moves_only_later() {
    let told = Told::new().await;
    told.until(Phase::Announced).await;
    let Retiring { engine, id, .. } = &told.retiring;
    let earlier = engine.postpone(id, person("erin"), day(39), "sooner").await;
    assert!(
        matches!(earlier, Err(EngineError::Refused(Refusal::NotNow(_)))),
        "{earlier:?}"
    );
    let clock = &told.retiring.world.clock;
    clock.advance_to(day(34));
    engine.run_until_idle().await.unwrap();
    assert_eq!(told.told(NoticeStage::Reminder { days: 7 }).len(), 3);
    engine
        .postpone(id, person("erin"), day(50), "payroll needs longer")
        .await
        .unwrap();
    engine.run_until_idle().await.unwrap();
    let moved = told.notice(NoticeStage::Postponement { number: 1 }, "wes");
    assert_eq!((moved.facts.ends, moved.facts.moved), (Some(day(50)), 1));
    assert!(told.retiring.until_complete("close").await);
    assert!(clock.now() >= day(50));
    // The week before the new end is another reminder.
    let reminders = told.told(NoticeStage::Reminder { days: 7 });
    assert_eq!(reminders.len(), 6, "{reminders:?}");
    let late = engine
        .postpone(id, person("erin"), day(90), "too late")
        .await;
    assert!(late.is_err(), "it is closed");
}

#[tokio::test]
async fn what_became_of_a_reminder_is_in_the_log_and_nothing_waits_for_it() {
    let told = Told::new().await;
    let set = |who, delivery| told.post.reminders.lock().unwrap().insert(who, delivery);
    let why = || "550 no such user".to_owned();
    set("wes", Delivery::Bounced { why: why() });
    set("sam", Delivery::Pending { until: None });
    set("erin", Delivery::Pending { until: None });
    told.until(Phase::Announced).await;
    let Retiring { engine, id, .. } = &told.retiring;
    let clock = &told.retiring.world.clock;
    clock.advance_to(day(33));
    engine.run_until_idle().await.unwrap();
    assert_eq!(told.told(NoticeStage::Reminder { days: 7 }).len(), 3);
    let awaited = async || {
        let state = engine.retirement(id).await.unwrap();
        let names = state.awaited().map(|notice| notice.name().to_owned());
        let reminders = names.filter(|name| name.contains("reminder-7"));
        reminders.collect::<Vec<_>>()
    };
    let reminder = |who| format!("orders-v1/reminder-7/{who}");
    assert_eq!(
        awaited().await,
        [reminder("erin"), reminder("sam"), reminder("wes")]
    );
    clock.advance(Period::minutes(15));
    engine.run_until_idle().await.unwrap();
    assert_eq!(awaited().await, [reminder("erin"), reminder("sam")]);
    let story = told.story().await;
    let bounced = format!("not {}: it bounced: 550 no such user", reminder("wes"));
    assert!(story.contains(&bounced), "{story}");
    // A day later one of them arrived.
    let at = clock.now();
    set("sam", Delivery::Delivered { at });
    clock.advance(Period::days(1));
    engine.run_until_idle().await.unwrap();
    assert_eq!(awaited().await, [reminder("erin")]);
    // Of the other one nothing is ever known: that is said, and no longer asked.
    assert!(told.retiring.until_complete("close").await);
    clock.advance(Period::days(9));
    engine.run_until_idle().await.unwrap();
    let story = told.story().await;
    let lost = format!("not {}: nothing is known of it", reminder("erin"));
    assert!(story.contains(&lost), "{story}");
    assert!(awaited().await.is_empty(), "{story}");
}

#[tokio::test]
async fn i_7_who_answers_for_it_is_asked_to_approve_and_does_so_by_the_link() {
    let told = Told::with_keys(&["billing"]).await;
    let Retiring { engine, id, .. } = &told.retiring;
    engine.run_until_idle().await.unwrap();
    let asked = told.told(NoticeStage::Approval { number: 0 });
    assert_eq!(people(&asked), ["erin", "sam"], "{}", told.story().await);
    let notice = told.notice(NoticeStage::Approval { number: 0 }, "erin");
    let (wanted, links) = (notice.facts.approval.unwrap(), notice.facts.links.unwrap());
    let plan = told.retiring.plan().await.unwrap();
    assert_eq!(wanted.plan, plan.digest.to_string());
    assert_eq!(wanted.step, None);
    assert!(
        wanted.actions.contains(&"tell 4 people".to_owned()),
        "{wanted:?}"
    );
    assert_eq!(wanted.count as usize, wanted.actions.len());
    // What nothing brings back is read first.
    assert!(wanted.actions[0].ends_with(", for good"), "{wanted:?}");
    let link = links.approve.unwrap();
    told.use_link(&link, AnswerWords::default()).await.unwrap();
    let again = told.use_link(&link, AnswerWords::default()).await;
    assert!(
        matches!(again, Err(EngineError::Refused(Refusal::AnswerUsed(_)))),
        "{again:?}"
    );
    // Of the deletion people are asked when it is near.
    let deletion = NoticeStage::Approval { number: 1 };
    assert_eq!(told.told(deletion), []);
    let near = told
        .retiring
        .until(|status, _| status.waits_for(WaitRule::Approval))
        .await;
    assert!(near, "{}", told.story().await);
    assert_eq!(people(&told.told(deletion)), ["erin", "sam"]);
    for who in ["erin", "sam"] {
        let facts = told.notice(deletion, who).facts;
        let step = facts.approval.unwrap().step.unwrap();
        assert!(step.contains("delete"), "{step}");
        let link = facts.links.unwrap().approve.unwrap();
        told.use_link(&link, AnswerWords::default()).await.unwrap();
    }
    let state = engine.retirement(id).await.unwrap();
    let delete = deprovision_core::id::StepId::parse("delete-credentials").unwrap();
    let now = told.retiring.world.clock.now();
    assert!(state.approval(Some(&delete), now).is_ok());
    assert!(told.story().await.contains("with an approval"));
    told.until(Phase::Retired).await;
}

#[tokio::test]
async fn groups_of_backstage_are_those_of_the_moment_of_the_plan_and_who_is_lost_is_shown() {
    let text = Arc::new(Mutex::new(String::new()));
    let files = text.clone();
    let resolver = BackstageGroups::new(move || {
        let text = files.lock().unwrap().clone();
        Ok(vec![("catalog-info.yaml".to_owned(), text)])
    });
    let world = World::new(&[]);
    let clock = world.clock.clone();
    let post = Arc::new(Post {
        clock: clock.clone(),
        sent: Mutex::default(),
        refuses: "nobody",
        shut: AtomicBool::new(false),
        reminders: Mutex::default(),
    });
    let providers = Providers::new()
        .with_notices(ProviderId::parse("post").unwrap(), "shop", "local", post)
        .with_owners(Arc::new(resolver));
    let until = Timestamp::UNIX_EPOCH;
    let log = Arc::new(Log { clock, until });
    let retiring = Retiring::with(world, Policy::default(), providers, log, |api| {
        api.sunset = Some(day(40));
    })
    .await;

    // A file with a mistake: no plan is better than one in which somebody is missing.
    "kind: [".clone_into(&mut text.lock().unwrap());
    let error = retiring.plan().await.unwrap_err();
    let error = deprovision_core::provider::error_chain(&error);
    assert!(error.contains("catalog-info.yaml:1"), "{error}");

    let head = "---\napiVersion: backstage.io/v1alpha1\n";
    *text.lock().unwrap() = [
        "kind: API\nmetadata: {name: orders-v1}\n\
         spec: {type: openapi, lifecycle: production, owner: team}\n",
        "kind: Group\nmetadata: {name: team}\nspec: {members: [ghost]}\n",
        "kind: User\nmetadata: {name: ann}\n\
         spec: {profile: {email: ann@example.com}, memberOf: [team]}\n",
    ]
    .map(|entity| format!("{head}{entity}"))
    .concat();
    let plan = retiring.plan().await.unwrap();
    let gaps = plan.gaps.join("\n");
    assert!(
        gaps.contains("find out who owns it: only a part was seen: user:default/ghost is in none"),
        "{gaps}"
    );
    let told = plan.to_string();
    assert!(told.contains("user:default/ann"), "{told}");
}
