//! A counter that shares no code with the reader: it splits lines at quotes and
//! spaces, and compares a path with each template of the catalog, one by one.

use std::collections::BTreeMap;

use deprovision_core::catalog::Api;

/// Requests of one kind of caller: bots, health checks, or all others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) requests: u64,
    /// From 1xx to 5xx, then without a class.
    pub(crate) classes: [u64; 6],
    pub(crate) bytes: u64,
    pub(crate) first: Option<i64>,
    pub(crate) last: Option<i64>,
    pub(crate) days: BTreeMap<i64, u64>,
    pub(crate) undated: u64,
}

/// What is counted for one endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) consumers: Count,
    pub(crate) bots: Count,
    pub(crate) health_checks: Count,
    pub(crate) malformed: u64,
    /// Each caller's requests and the second of the last one.
    pub(crate) callers: BTreeMap<String, (u64, Option<i64>)>,
}

/// What a log holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) lines: u64,
    pub(crate) future: u64,
    pub(crate) malformed: u64,
    pub(crate) unreadable: u64,
    /// By API and `METHOD /path`, or without the latter.
    pub(crate) endpoints: BTreeMap<(String, Option<String>), Counts>,
    /// What fits no API: requests by method, and how they were answered.
    pub(crate) stray_methods: BTreeMap<String, u64>,
    pub(crate) strays: [Count; 3],
}

/// One request, as a line has it.
#[derive(Debug, Clone)]
pub(crate) struct Hit {
    pub(crate) at: i64,
    pub(crate) caller: String,
    /// Nothing when there is no request line.
    pub(crate) request: Option<(String, String)>,
    pub(crate) status: Option<u16>,
    pub(crate) bytes: u64,
    pub(crate) agent: String,
}

/// What a line is.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    Sound(Hit),
    /// Its request is whole, and something behind it is not.
    Call(Hit),
    Broken,
    Empty,
}

/// Reads a line of the Combined Log Format.
pub(crate) fn combined(line: &str) -> Line {
    if line.trim().is_empty() {
        return Line::Empty;
    }
    let quoted: Vec<&str> = line.split('"').collect();
    let [head, request, answer, program @ ..] = quoted.as_slice() else {
        return Line::Broken;
    };
    let agent = program.get(2).copied().unwrap_or("-");
    let Some((names, stamp)) = head.split_once(" [") else {
        return Line::Broken;
    };
    let Some((status, bytes)) = answer.trim().split_once(' ') else {
        return Line::Broken;
    };
    let Ok(at) = jiff::Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z]", stamp.trim()) else {
        return Line::Broken;
    };
    let names: Vec<&str> = names.split(' ').collect();
    let words: Vec<&str> = request.split(' ').collect();
    let request = match words.as_slice() {
        [method, target, version] if version.starts_with("HTTP/") => {
            Some(((*method).to_owned(), (*target).to_owned()))
        }
        _ => None,
    };
    let mut hit = Hit {
        at: at.as_second(),
        caller: if names[2] == "-" { names[0] } else { names[2] }.to_owned(),
        request,
        status: status.parse().ok(),
        bytes: 0,
        agent: if agent == "-" { "" } else { agent }.to_owned(),
    };
    // A quote that is not closed.
    if quoted.len().is_multiple_of(2) {
        return Line::Call(hit);
    }
    match (bytes, bytes.parse()) {
        ("-", _) => Line::Sound(hit),
        (_, Ok(number)) => {
            hit.bytes = number;
            Line::Sound(hit)
        }
        (_, Err(_)) => Line::Call(hit),
    }
}

/// Reads a JSON line.
pub(crate) fn json(line: &str) -> Line {
    if line.trim().is_empty() {
        return Line::Empty;
    }
    let Ok(value) = serde_json::from_str::<serde_json::Value>(line) else {
        return Line::Broken;
    };
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let at: jiff::Timestamp = text("time").parse().unwrap();
    let user = text("remote_user");
    let method = text("request_method");
    let hit = Hit {
        at: at.as_second(),
        caller: if user.is_empty() {
            text("remote_addr")
        } else {
            user
        },
        request: (!method.is_empty()).then(|| (method, text("request_uri"))),
        status: value["status"]
            .as_u64()
            .and_then(|status| u16::try_from(status).ok()),
        bytes: value["body_bytes_sent"].as_u64().unwrap_or(0),
        agent: text("http_user_agent"),
    };
    // A size that is a word is none.
    match value["body_bytes_sent"].is_string() {
        true => Line::Call(hit),
        false => Line::Sound(hit),
    }
}

/// Counts a whole log that was read at that second.
pub(crate) fn count(text: &str, read: fn(&str) -> Line, apis: &[Api], now: i64) -> Answer {
    let mut answer = Answer::default();
    for line in text.split('\n') {
        match read(line) {
            Line::Empty => {}
            Line::Broken => {
                answer.malformed += 1;
                answer.unreadable += 1;
            }
            Line::Call(hit) => {
                answer.malformed += 1;
                for endpoint in hit.request.iter().flat_map(|call| meant(apis, call)) {
                    answer.endpoints.entry(endpoint).or_default().malformed += 1;
                }
            }
            Line::Sound(hit) => sound(&mut answer, &hit, apis, now),
        }
    }
    answer
}

fn sound(answer: &mut Answer, hit: &Hit, apis: &[Api], now: i64) {
    answer.lines += 1;
    // Clocks may differ by five seconds.
    let at = (hit.at <= now + 5).then_some(hit.at.min(now));
    answer.future += u64::from(at.is_none());
    let Some(call) = &hit.request else {
        return;
    };
    let agent = hit.agent.to_ascii_lowercase();
    let kind = match () {
        () if agent.starts_with("kube-probe/") || agent.starts_with("elb-") => 2,
        () if agent.contains("bot/") => 1,
        () => 0,
    };
    let endpoints = meant(apis, call);
    if endpoints.is_empty() {
        *answer.stray_methods.entry(call.0.clone()).or_default() += 1;
        add(&mut answer.strays[kind], hit, at);
    }
    for endpoint in endpoints {
        let counts = answer.endpoints.entry(endpoint).or_default();
        match kind {
            2 => add(&mut counts.health_checks, hit, at),
            1 => add(&mut counts.bots, hit, at),
            _ => {
                add(&mut counts.consumers, hit, at);
                let (requests, last) = counts.callers.entry(hit.caller.clone()).or_default();
                *requests += 1;
                *last = (*last).max(at);
            }
        }
    }
}

fn add(count: &mut Count, hit: &Hit, at: Option<i64>) {
    count.requests += 1;
    count.bytes += hit.bytes;
    let class = hit.status.map_or(6, |status| status / 100);
    count.classes[if (1..=5).contains(&class) {
        usize::from(class) - 1
    } else {
        5
    }] += 1;
    match at {
        Some(at) => {
            count.first = Some(count.first.map_or(at, |first| first.min(at)));
            count.last = count.last.max(Some(at));
            *count.days.entry(at.div_euclid(86_400)).or_default() += 1;
        }
        None => count.undated += 1,
    }
}

/// A path as its segments: decoded, in lower case, without query and parameters.
fn segments(path: &str) -> Vec<String> {
    let path = match path.strip_prefix("http://") {
        Some(whole) => &whole[whole.find('/').unwrap()..],
        None => path,
    };
    let path = path.split(['?', '#']).next().unwrap();
    let bytes = path.as_bytes();
    let (mut plain, mut at) = (String::new(), 0);
    while at < bytes.len() {
        let code = path.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                plain.push(char::from(byte));
                at += 3;
            }
            None => {
                plain.push(char::from(bytes[at]));
                at += 1;
            }
        }
    }
    plain
        .split('/')
        .map(|segment| segment.split(';').next().unwrap().to_ascii_lowercase())
        .filter(|segment| !segment.is_empty())
        .collect()
}

/// How well one segment of a template fits one of a path: the lower the better.
fn rank(template: &str, segment: &str) -> Option<u32> {
    let (open, close) = match (template.find('{'), template.rfind('}')) {
        (Some(open), Some(close)) => (open, close),
        _ => return (template == segment).then_some(0),
    };
    let (before, after) = (&template[..open], &template[close + 1..]);
    let fits = segment.len() > before.len() + after.len()
        && segment.starts_with(before)
        && segment.ends_with(after);
    match before.len() + after.len() {
        0 => Some(100),
        around => fits.then(|| 50 - u32::try_from(around).unwrap()),
    }
}

/// A template that fits, and how.
struct Fit<'a> {
    /// By this the better goes before.
    ranks: Vec<u32>,
    /// Where it has literal text.
    literals: Vec<usize>,
    /// What tells its place from any other.
    place: String,
    api: &'a Api,
    /// The method and path of an operation; nothing for the API's prefix.
    operation: Option<(String, String)>,
}

const PREFIX: u32 = 200;
const REST: u32 = 300;

/// Compares a template with a path; `whole` unless it is a prefix.
fn fit(template: &[String], path: &[String], whole: bool) -> Option<(Vec<u32>, Vec<usize>)> {
    let (mut ranks, mut literals) = (Vec::new(), Vec::new());
    for (at, part) in template.iter().enumerate() {
        if part.ends_with("+}") {
            ranks.push(REST);
            return Some((ranks, literals));
        }
        let rank = rank(part, path.get(at)?)?;
        if rank < 100 {
            literals.push(at);
        }
        ranks.push(rank);
    }
    match whole {
        true if path.len() == template.len() => {}
        true => return None,
        false => ranks.push(PREFIX),
    }
    Some((ranks, literals))
}

/// The endpoints that a request is counted for, by the rule in the documents of
/// `RouteTable`.
pub(crate) fn meant(
    apis: &[Api],
    (method, target): &(String, String),
) -> Vec<(String, Option<String>)> {
    let path = segments(target);
    let mut fits: Vec<Fit<'_>> = Vec::new();
    for api in apis {
        for route in &api.routes {
            let template = segments(&route.path);
            if let Some((ranks, literals)) = fit(&template, &path, true) {
                fits.push(Fit {
                    ranks,
                    literals,
                    place: template.iter().map(|part| shape(part)).collect(),
                    api,
                    operation: Some((route.method.name().to_owned(), route.path.clone())),
                });
            }
            let beginning = beginning(&template);
            let prefix = fit(beginning, &path, false);
            // Without any text it would tell nothing.
            if let Some((ranks, literals)) = prefix.filter(|(_, literals)| !literals.is_empty()) {
                let place: String = beginning.iter().map(|part| shape(part)).collect();
                fits.push(Fit {
                    ranks,
                    literals,
                    place: place + "*",
                    api,
                    operation: None,
                });
            }
        }
    }
    fits.sort_by(|a, b| a.ranks.cmp(&b.ranks));
    let mut exact: Vec<&Fit<'_>> = Vec::new();
    let (mut other, mut prefix): (Vec<&Fit<'_>>, Vec<&Fit<'_>>) = (Vec::new(), Vec::new());
    let mut rest = fits.as_slice();
    while let Some(first) = rest.first() {
        let length = rest
            .iter()
            .take_while(|fit| fit.place == first.place)
            .count();
        let (here, behind) = rest.split_at(length);
        rest = behind;
        let own = |fit: &&Fit<'_>| fit.operation.as_ref().is_some_and(|own| own.0 == *method);
        if first.operation.is_none() {
            if exact.is_empty() && other.is_empty() && prefix.is_empty() {
                prefix.extend(here);
            }
        } else if here.iter().any(|fit| own(&fit)) {
            let new = |before: &&Fit<'_>| {
                first
                    .literals
                    .iter()
                    .any(|at| !before.literals.contains(at))
            };
            if exact.iter().all(new) {
                exact.extend(here.iter().filter(own));
            }
        } else if exact.is_empty() && other.is_empty() {
            other.extend(here);
        }
    }
    let mut endpoints: BTreeMap<String, Option<String>> = BTreeMap::new();
    for fit in exact {
        let operation = fit
            .operation
            .as_ref()
            .map(|(method, path)| format!("{method} {path}"));
        endpoints.entry(fit.api.id.to_string()).or_insert(operation);
    }
    for fit in other.into_iter().chain(prefix) {
        endpoints.entry(fit.api.id.to_string()).or_insert(None);
    }
    endpoints.into_iter().collect()
}

/// What of a template stands for the whole API: up to its version, or the literal text
/// that it begins with.
fn beginning(template: &[String]) -> &[String] {
    let is_version = |part: &String| {
        part.strip_prefix('v')
            .is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let version = template.iter().position(is_version).map(|at| at + 1);
    let literal = template
        .iter()
        .take_while(|part| !part.contains('{'))
        .count();
    &template[..version.unwrap_or(literal)]
}

/// A segment of a template without the names of its parameters.
fn shape(part: &str) -> String {
    match (part.find('{'), part.rfind('}')) {
        (Some(_), Some(_)) if part.ends_with("+}") => "/**".to_owned(),
        (Some(open), Some(close)) => format!("/{}{{}}{}", &part[..open], &part[close + 1..]),
        _ => format!("/{part}"),
    }
}
