//! Logs of a gateway for a catalog, as they come: ids and query strings, letters in
//! either case, encoded paths, bots, broken lines, and times out of order.

use std::fmt::Write as _;

use deprovision_core::catalog::{Api, Method, Route};
use deprovision_core::id::ApiId;

/// Numbers that look random and are the same each time (splitmix64).
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// One of so many.
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % most
    }

    /// Once in so many times.
    fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let at = self.below(list.len() as u64);
        &list[usize::try_from(at).unwrap()]
    }
}

/// Several APIs under one version, two of them with one path, templates that differ in
/// how literal they are, and two APIs that no version begins.
pub(crate) fn catalog() -> Vec<Api> {
    use Method::{Delete, Get, Patch, Post, Put};
    let mut apis: Vec<(String, Vec<(Method, String)>)> = [
        (
            "orders-v1",
            &[
                (Get, "/v1/orders"),
                (Post, "/v1/orders"),
                (Get, "/v1/orders/{id}"),
                (Put, "/v1/orders/{id}"),
                (Get, "/v1/orders/{id}.json"),
                (Get, "/v1/orders/export"),
                (Get, "/v1/orders/{id}/items"),
                (Delete, "/v1/orders/{id}/items/{item}"),
            ][..],
        ),
        (
            "bulk-v1",
            &[
                (Get, "/v1/{kind}/export"),
                (Post, "/v1/{kind}/{id}:cancel"),
                (Patch, "/v1/{kind}/{id}/items"),
            ],
        ),
        (
            "reports-v1",
            &[(Get, "/v1/orders/{order}"), (Post, "/v1/Reports/Daily")],
        ),
        (
            "files-v1",
            &[(Get, "/v1/files/{path+}"), (Put, "/v1/files/{path+}")],
        ),
        (
            "users-v3",
            &[
                (Get, "/{tenant}/v3/users/{id}"),
                (Delete, "/{tenant}/v3/users"),
            ],
        ),
        (
            "search",
            &[(Get, "/search"), (Get, "/search/{term}/similar")],
        ),
    ]
    .into_iter()
    .map(|(id, routes)| {
        let own = routes
            .iter()
            .map(|(method, path)| (*method, (*path).to_owned()));
        (id.to_owned(), own.collect())
    })
    .collect();
    for number in 0..8 {
        let path = format!("/v2/things{number}");
        let routes = vec![
            (Get, path.clone()),
            (Get, format!("{path}/{{id}}")),
            (Delete, format!("{path}/{{id}}")),
        ];
        apis.push((format!("things{number}-v2"), routes));
    }
    apis.into_iter()
        .map(|(id, routes)| {
            let mut api = Api::new(ApiId::parse(id.as_str()).unwrap(), id);
            api.routes = routes
                .into_iter()
                .map(|(method, path)| Route::new(method, path))
                .collect();
            api
        })
        .collect()
}

/// One request, before it is written.
pub(crate) struct Sent {
    at: i64,
    zone: i64,
    client: String,
    user: Option<String>,
    method: String,
    target: String,
    status: Option<u16>,
    bytes: Option<u64>,
    agent: &'static str,
}

const AGENTS: [&str; 8] = [
    "curl/8.5.0",
    "okhttp/4.12.0",
    "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0",
    "-",
    "Mozilla/5.0 (compatible; Googlebot/2.1)",
    "kube-probe/1.30",
    "ELB-HealthChecker/2.0",
    "acme-client/1.2",
];

fn sent(dice: &mut Dice, apis: &[Api], now: i64) -> Sent {
    // Four days, a little out of order; now and then a clock that is ahead.
    let back = i64::try_from(dice.below(4 * 86_400)).unwrap();
    let at = match dice.below(60) {
        0 => now + 6 + back,
        1 => now + 3,
        _ => now - back,
    };
    let (method, target) = request(dice, apis);
    Sent {
        at,
        zone: *dice.pick(&[0, 0, 2, -5]),
        client: format!("10.0.{}.{}", dice.below(3), dice.below(40)),
        user: dice.once_in(2).then(|| format!("key_{}", dice.below(30))),
        method,
        target,
        status: match dice.below(12) {
            0 => None,
            1 => Some(404),
            2 => Some(410),
            3 => Some(503),
            4 => Some(304),
            5 => Some(999),
            6 => Some(101),
            _ => Some(200),
        },
        bytes: (!dice.once_in(9)).then(|| dice.below(100_000)),
        agent: dice.pick::<&'static str>(&AGENTS),
    }
}

fn request(dice: &mut Dice, apis: &[Api]) -> (String, String) {
    let api = dice.pick(apis);
    let route = dice.pick(&api.routes);
    let mut path = String::new();
    for part in route.path.split('/').skip(1) {
        path.push('/');
        match (part.find('{'), part.rfind('}')) {
            (Some(open), Some(close)) => {
                path.push_str(&part[..open]);
                write!(path, "{}", dice.below(50)).unwrap();
                if part.ends_with("+}") {
                    write!(path, "/a/{}.txt", dice.below(9)).unwrap();
                }
                path.push_str(&part[close + 1..]);
            }
            _ => path.push_str(part),
        }
    }
    let method = match dice.below(12) {
        0 => "OPTIONS".to_owned(),
        1 => "PROPFIND".to_owned(),
        2 => route.method.name().to_ascii_lowercase(),
        _ => route.method.name().to_owned(),
    };
    (method, spelled(dice, path))
}

/// The path as clients spell it.
fn spelled(dice: &mut Dice, mut path: String) -> String {
    match dice.below(24) {
        0 => path.push('/'),
        1 => path = path.replacen('/', "//", 1),
        2 => path = path.to_ascii_uppercase(),
        3 => path.push_str(";session=1"),
        4 => path.push_str("/more/of/it"),
        5 => path = format!("/other{path}"),
        6 => path = format!("http://shop.example{path}"),
        7 => path = path.replacen('/', "/%2F", 1),
        8 | 9 => {
            let at = usize::try_from(dice.below(path.len() as u64 - 1)).unwrap() + 1;
            let byte = path.as_bytes()[at];
            path.replace_range(at..=at, &format!("%{byte:02x}"));
        }
        10 => path = format!("/wp-login{}.php", dice.below(3)),
        11 => path = "/".to_owned(),
        12 => path = path.split_once('/').unwrap().1.replacen('/', "-", 1),
        _ => {}
    }
    if !path.starts_with('/') && !path.starts_with("http://") {
        path.insert(0, '/');
    }
    if dice.once_in(3) {
        // As long as tokens are, so that a test of several blocks has few lines.
        let token = "x".repeat(usize::try_from(dice.below(2_400)).unwrap());
        write!(path, "?page={}&q=/v1/orders&token={token}", dice.below(9)).unwrap();
    }
    path
}

/// So many lines of the Combined Log Format.
pub(crate) fn combined(dice: &mut Dice, apis: &[Api], lines: usize, now: i64) -> String {
    let mut text = String::new();
    for _ in 0..lines {
        let sent = sent(dice, apis, now);
        let local = jiff::tz::Offset::from_hours(i8::try_from(sent.zone).unwrap())
            .unwrap()
            .to_datetime(jiff::Timestamp::from_second(sent.at).unwrap());
        let stamp = local.strftime("%d/%b/%Y:%H:%M:%S");
        let zone = format!(
            "{}{:02}00",
            if sent.zone < 0 { '-' } else { '+' },
            sent.zone.abs()
        );
        let user = sent.user.as_deref().unwrap_or("-");
        let dash = |number: Option<u64>| number.map_or("-".to_owned(), |n| n.to_string());
        let request = match dice.below(40) {
            0 => "-".to_owned(),
            1 => "\\x16\\x03\\x01".to_owned(),
            _ => format!("{} {} HTTP/1.1", sent.method, sent.target),
        };
        let bytes = match dice.below(50) {
            // Another server's disk was full here.
            0 => "12x".to_owned(),
            _ => dash(sent.bytes),
        };
        let program = match dice.below(10) {
            0 => String::new(),
            1 => format!(" \"-\" \"{}\" \"10.9.9.9\" 0.003", sent.agent),
            _ => format!(" \"https://shop.example/\" \"{}\"", sent.agent),
        };
        writeln!(
            text,
            "{} - {user} [{stamp} {zone}] \"{request}\" {} {bytes}{program}",
            sent.client,
            dash(sent.status.map(u64::from)),
        )
        .unwrap();
        match dice.below(40) {
            0 => text.push_str("no line of a log\n"),
            1 => text.push('\n'),
            2 => writeln!(text, "10.0.0.1 - - [{stamp}").unwrap(),
            _ => {}
        }
    }
    text
}

/// So many JSON lines.
pub(crate) fn json(dice: &mut Dice, apis: &[Api], lines: usize, now: i64) -> String {
    let mut text = String::new();
    for _ in 0..lines {
        let sent = sent(dice, apis, now);
        let mut line = serde_json::json!({
            "time": jiff::Timestamp::from_second(sent.at).unwrap().to_string(),
            "remote_addr": sent.client,
            "http_user_agent": sent.agent,
        });
        if let Some(user) = &sent.user {
            line["remote_user"] = user.as_str().into();
        }
        if dice.once_in(40) {
            line["request"] = "-".into();
        } else {
            line["request_method"] = sent.method.into();
            line["request_uri"] = sent.target.into();
        }
        if let Some(status) = sent.status {
            line["status"] = status.into();
        }
        match (dice.below(50), sent.bytes) {
            (0, _) => line["body_bytes_sent"] = "12x".into(),
            (_, Some(bytes)) => line["body_bytes_sent"] = bytes.into(),
            (_, None) => {}
        }
        writeln!(text, "{line}").unwrap();
        match dice.below(40) {
            0 => text.push_str("no line of a log\n"),
            1 => text.push('\n'),
            2 => text.push_str("{\"time\":\n"),
            _ => {}
        }
    }
    text
}
