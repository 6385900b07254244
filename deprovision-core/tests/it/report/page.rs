//! What the page says, and what it never does.

use deprovision_core::digest::Digest;
use deprovision_core::ledger::{EventsWriter, VerifierKey};
use deprovision_core::report::{ReportError, ReportSource, html};
use deprovision_core::retirement::{Command, Mode, Phase};
use deprovision_core::time::Period;

use super::story::{Story, key, person, plain};

fn keys() -> [VerifierKey; 1] {
    [key().verifier().clone()]
}

fn page(story: &Story) -> String {
    let keys = keys();
    let source = ReportSource::new(&story.log, story.now).trusting(&keys);
    html(&source).unwrap()
}

fn retired(texts: super::story::Texts) -> Story {
    let mut story = Story::begin(texts);
    story.until_phase(Phase::Announced);
    story.acknowledge();
    story.object(Period::days(9));
    let (id, by) = ("payroll".parse().unwrap(), person("carol"));
    story.now = Period::hours(30).after(story.now);
    story.give(Command::WithdrawObjection { id, by });
    story.until(|story| *story.retirement.mode() == Mode::Finished);
    assert_eq!(story.phase(), Phase::Retired);
    story
}

/// The page is written where somebody can look at it, when they say where.
fn keep(name: &str, page: &str) {
    if let Some(place) = std::env::var_os("DEPROVISION_REPORTS") {
        std::fs::write(std::path::Path::new(&place).join(name), page).unwrap();
    }
}

#[test]
fn a_retired_api_has_a_page_that_says_all_of_it() {
    let story = retired(plain);
    let (keys, note) = (keys(), story.checkpoint());
    let source = ReportSource::new(&story.log, story.now)
        .trusting(&keys)
        .with_checkpoint(&note);
    let page = html(&source).unwrap();
    keep("retired.html", &page);
    // The style is looked at, not compared.
    let style = style(&page);
    let page = page.replace(style, "…").replace(&hash(style), "…");
    insta::assert_snapshot!("retired", page);
}

#[test]
fn every_phase_has_its_page() {
    let mut seen = Vec::new();
    let mut show = |story: &Story, words: &[&str]| {
        let page = page(story);
        let phase = story.phase();
        keep(&format!("phase-{phase}.html").replace(' ', "-"), &page);
        assert!(page.contains(&format!("<title>Orders, version 1: {phase}</title>")));
        for word in words {
            assert!(page.contains(word), "{phase}: {word} is missing");
        }
        seen.push(phase);
    };
    let mut story = Story::begin(plain);
    show(
        &story,
        &["There is no plan in force", "Nobody has approved anything"],
    );
    story.until_phase(Phase::Planned);
    show(&story, &["What it waits for", "not begun"]);
    story.until_phase(Phase::Announced);
    show(&story, &["delivered at", "still reversible"]);
    story.object(Period::days(60));
    show(
        &story,
        &["payroll still runs on it", "On hold until", "open until"],
    );
    story.give(Command::Cancel {
        by: person("dana"),
        reason: "payroll needs it".to_owned(),
    });
    show(&story, &["is being undone", "payroll needs it"]);
    story.until_phase(Phase::Cancelled);
    show(&story, &["everything that was done is undone", "undone"]);

    let mut story = Story::begin(plain);
    story.until_phase(Phase::BrownOut);
    show(&story, &["still reversible"]);
    story.failures = 1_000;
    story.until_phase(Phase::Parked);
    show(&story, &["503", "Next safe action", "Stepped in"]);
    story.failures = 0;
    story.give(Command::Resume {
        by: person("ann"),
        reason: "the gateway is back".to_owned(),
    });
    story.until_phase(Phase::Closed);
    show(&story, &["the gateway is back", "410 Gone"]);
    story.until_phase(Phase::Suspended);
    show(&story, &["nothing irreversible was begun"]);
    story.until_phase(Phase::Destroying);
    show(&story, &["Past the point of no return"]);
    story.until_phase(Phase::Retired);
    show(
        &story,
        &["nobody has looked again yet", "holds for this log"],
    );
    assert_eq!(seen.len(), 12, "{seen:?}");
}

#[test]
fn what_came_back_is_in_the_verdict() {
    let mut story = Story::begin(plain);
    story.until_phase(Phase::Retired);
    story.requests = 12;
    story.until(|story| story.log.iter().any(|entry| entry.kind == "drift_found"));
    let drifted = page(&story);
    keep("drift.html", &drifted);
    assert!(drifted.contains("The last look found something that came back: 12 requests"));
    assert!(drifted.contains("<header class=\"bad\">"));
    story.requests = 0;
    story.until(|story| {
        story
            .log
            .last()
            .is_some_and(|entry| entry.kind == "audit_passed")
    });
    assert!(page(&story).contains("at the last look nothing had come back"));
}

#[test]
fn what_was_done_under_a_voided_plan_is_not_forgotten() {
    let mut story = Story::begin(plain);
    story.until_phase(Phase::Announced);
    story.void();
    assert_eq!(story.phase(), Phase::Proposed);
    let voided = page(&story);
    keep("voided.html", &voided);
    assert!(voided.contains("the one before was voided on 2027-01-04, because [I-18]"));
    assert!(voided.contains("2 actions under it may have had an effect"));
    assert!(!voided.contains("nothing was done"));
    assert!(voided.contains("Of plans that were voided"));
    assert!(voided.contains("dana@shop.example") && voided.contains("of a plan that was voided"));
    story.until_phase(Phase::Announced);
    assert!(page(&story).contains("Of plans that were voided"));
}

/// Everything that a page could be broken with, in every text of the log.
fn hostile(text: &str) -> String {
    format!(
        "{text}</td><script>alert(1)</script>\"'`><img src=x onerror=y>&lt;{{{{7*7}}}}\u{202e}\u{0}javascript:z"
    )
}

#[test]
fn hostile_texts_stay_texts() {
    let mut stories = vec![retired(hostile)];
    let mut parked = Story::begin(hostile);
    parked.until_phase(Phase::Announced);
    parked.object(Period::days(1));
    parked.failures = 1_000;
    parked.until_phase(Phase::Parked);
    stories.push(parked);
    let honest = page(&retired(plain));
    for story in &stories {
        let page = page(story);
        keep("hostile.html", &page);
        let tags = tags(&page);
        for tag in &tags {
            assert!(
                [
                    "!doctype", "html", "head", "meta", "title", "style", "body", "header", "p",
                    "h1", "h2", "h3", "h4", "span", "code", "dl", "dt", "dd", "div", "nav", "a",
                    "main", "section", "ol", "ul", "li", "table", "thead", "tbody", "tr", "th",
                    "td", "time", "strong", "details", "summary", "pre", "footer"
                ]
                .contains(&tag.as_str()),
                "{tag}"
            );
        }
        assert!(!page.contains("<script") && !page.contains("<img"));
        assert!(!page.contains('\u{202e}') && !page.contains('\u{0}'));
        assert!(page.contains("[U+202E]") && page.contains("{{7*7}}"));
        // Every address is a text: the only links lead inside the page.
        let links = page.matches("href=").count();
        assert_eq!(links, page.matches("href=\"#").count());
    }
    // A hostile log makes the same elements as an honest one.
    assert_eq!(tags(&page(&stories[0])), tags(&honest));
}

/// The names of all elements that a browser would open, in order.
fn tags(page: &str) -> Vec<String> {
    let opened = page.split('<').skip(1);
    opened
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!'))
        .map(|rest| {
            let end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/');
            rest[..end.unwrap_or(rest.len())].to_ascii_lowercase()
        })
        .collect()
}

#[test]
fn the_page_needs_nothing_from_outside_and_forbids_it() {
    let page = page(&retired(plain));
    let policy = "content=\"default-src 'none'; style-src 'sha256-";
    assert!(page.contains(policy));
    for word in [
        "src=",
        "<link",
        "@import",
        "url(",
        "style=\"",
        "onclick",
        "http-equiv=\"refresh",
    ] {
        assert!(!page.contains(word), "{word}");
    }
    assert!(page.contains(&format!("style-src 'sha256-{}'", hash(style(&page)))));
}

fn style(page: &str) -> &str {
    let (_, after) = page.split_once("<style>").unwrap();
    after.split_once("</style>").unwrap().0
}

fn hash(text: &str) -> String {
    base64_of(Digest::of_bytes(text.as_bytes()).as_bytes())
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[test]
fn i_19_of_what_does_not_hold_no_page_is_made() {
    let story = retired(plain);
    let keys = keys();
    let trusting = |log, keys| html(&ReportSource::new(log, story.now).trusting(keys));
    let mut edited = story.log.clone();
    edited[3].at = story.now;
    assert!(matches!(
        trusting(&edited, &keys),
        Err(ReportError::Tampered(_))
    ));
    assert!(matches!(
        trusting(&story.log[1..], &keys),
        Err(ReportError::Tampered(_))
    ));
    assert!(matches!(trusting(&[], &keys), Err(ReportError::Empty)));
    let other = deprovision_core::ledger::SigningKey::from_seed(key().name().clone(), &[8; 32]);
    let other = [other.verifier().clone()];
    let refused = trusting(&story.log, &other);
    assert!(matches!(refused, Err(ReportError::Certificate(_))));
    // A checkpoint vouches for a longer log: the end was cut off.
    let note = story.checkpoint();
    let cut = &story.log[..story.log.len() - 1];
    let source = ReportSource::new(cut, story.now)
        .trusting(&keys)
        .with_checkpoint(&note);
    assert!(matches!(html(&source), Err(ReportError::Tampered(_))));
    // A checkpoint is not believed without a key.
    let source = ReportSource::new(&story.log, story.now).with_checkpoint(&note);
    assert!(matches!(html(&source), Err(ReportError::Tampered(_))));
}

#[test]
fn a_certificate_that_was_not_checked_is_not_called_good() {
    let story = retired(plain);
    let page = html(&ReportSource::new(&story.log, story.now)).unwrap();
    assert!(page.contains("<strong>it was not checked</strong>"));
    assert!(page.contains("the certificate was not checked for this page"));
    assert!(!page.contains("holds for this log"));
    assert!(page.contains("no checkpoint that was given for this page vouches for them"));
}

#[test]
fn the_command_on_the_page_prints_the_digest_on_the_page() {
    let story = retired(plain);
    let page = page(&story);
    let mut writer = EventsWriter::new("events.jsonl", Vec::new());
    for entry in &story.log {
        writer.write(entry).unwrap();
    }
    let file = writer.finish().unwrap();
    let (_, command) = page.split_once("<pre>head -n ").unwrap();
    let (lines, rest) = command.split_once(' ').unwrap();
    assert!(rest.starts_with("events.jsonl | sha256sum</pre>"));
    let lines: usize = lines.parse().unwrap();
    assert!(
        lines < story.log.len(),
        "the log went on after the certificate"
    );
    let head = file.split_inclusive(|byte| *byte == b'\n').take(lines);
    let digest = Digest::of_bytes(&head.flatten().copied().collect::<Vec<u8>>());
    let printed: String = digest
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(page.contains(&format!("This has to print <code>{printed}</code>")));
}
