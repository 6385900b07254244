//! Nothing is sent inwards.

use std::time::Duration;

use deprovision_notify::{FetchError, HttpClient, Outgoing, Reach, Target, TargetError};

use proptest::prelude::*;

use crate::http_server::{Manner, Server};
use crate::http_world::{HOST, LONG, Names, client, url};

/// Addresses that lead inwards, or pose as others. `PORT` is that of a server on this
/// machine, which must not see a connection.
const INWARDS: &[&str] = &[
    // This machine, in every spelling.
    "https://127.0.0.1:PORT/",
    "https://127.0.0.1:PORT",
    "https://127.1:PORT/",
    "https://127.0.1:PORT/",
    "https://127.255.255.254:PORT/",
    "https://2130706433:PORT/",
    "https://0x7f000001:PORT/",
    "https://0x7f.0.0.1:PORT/",
    "https://0x7f.1:PORT/",
    "https://0177.0.0.1:PORT/",
    "https://0177.0.0.01:PORT/",
    "https://017700000001:PORT/",
    "https://0177.0x0.0.1:PORT/",
    "https://127.0.0.1.:PORT/",
    "https://%31%32%37.0.0.1:PORT/",
    "https://127%2e0%2e0%2e1:PORT/",
    "https://１２７.０.０.１:PORT/",
    "https://①②⑦.⓪.⓪.①:PORT/",
    "https://127。0。0。1:PORT/",
    "https://0.0.0.0:PORT/",
    "https://0:PORT/",
    "https://0.1.2.3:PORT/",
    "https://[::1]:PORT/",
    "https://[0:0:0:0:0:0:0:1]:PORT/",
    "https://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
    "https://[::]:PORT/",
    "https://[::ffff:127.0.0.1]:PORT/",
    "https://[::ffff:7f00:1]:PORT/",
    "https://[::127.0.0.1]:PORT/",
    "https://[::ffff:0:127.0.0.1]:PORT/",
    "https://[64:ff9b::127.0.0.1]:PORT/",
    "https://[64:ff9b:1::7f00:1]:PORT/",
    "https://[2002:7f00:1::]:PORT/",
    "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]:PORT/",
    "https://localhost:PORT/",
    "https://LOCALHOST:PORT/",
    "https://localhost.:PORT/",
    "https://ⓛocalhost:PORT/",
    "https://a.localhost:PORT/",
    "https://localhost.localdomain:PORT/",
    // Private, shared, linked.
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://012.0.0.1/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://192.168.257/",
    "https://3232235521/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://169.254.1.1/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[fc00::1]/",
    "https://[fd12:3456::1]/",
    "https://[fec0::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:c0a8:1]/",
    "https://[64:ff9b::10.0.0.1]/",
    "https://[2002:a00:1::1]/",
    "https://[2002:c0a8:1::1]/",
    // What gives credentials to whoever asks.
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.170.2/v2/credentials",
    "https://169.254.170.23/v1/credentials",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:a9fe:a9fe]/",
    "https://[64:ff9b::a9fe:a9fe]/",
    "https://[2002:a9fe:a9fe::]/",
    "https://[fd00:ec2::254]/",
    "https://[fd00:ec2::23]/",
    "https://[fd20:ce::254]/",
    "https://100.100.100.200/",
    "https://192.0.0.192/",
    "https://168.63.129.16/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://METADATA.google.internal./",
    "https://instance-data.ec2.internal/",
    "https://metadata/",
    // Nobody's.
    "https://192.0.2.1/",
    "https://198.51.100.1/",
    "https://203.0.113.1/",
    "https://198.18.0.1/",
    "https://198.19.255.255/",
    "https://192.88.99.1/",
    "https://224.0.0.1/",
    "https://239.255.255.255/",
    "https://240.0.0.1/",
    "https://255.255.255.255/",
    "https://[2001:db8::1]/",
    "https://[3fff::1]/",
    "https://[2001:2::1]/",
    "https://[2001:10::1]/",
    "https://[100::1]/",
    "https://[5f00::1]/",
    "https://[ff02::1]/",
    "https://[ff0e::1]/",
    // Names of the own network.
    "https://printer.local/",
    "https://vault.internal/",
    "https://wiki.lan/",
    "https://router.home.arpa/",
    "https://kubernetes/",
    "https://kubernetes.default.svc.cluster.local/",
    "https://abc.onion/",
    // Not what they look like.
    "https://hooks.slack.com@127.0.0.1:PORT/",
    "https://hooks.slack.com:x@127.0.0.1:PORT/",
    "https://user@hooks.slack.com/",
    "https://user:hunter2@hooks.slack.com/",
    "https://hooks.slack.com\\@127.0.0.1:PORT/",
    "https://127.0.0.1:PORT\\@hooks.slack.com/",
    "https://127.0.0.1:PORT#@hooks.slack.com/",
    "https://127.0.0.1:PORT?@hooks.slack.com/",
    "https:///127.0.0.1:PORT/",
    "https:127.0.0.1:PORT/",
    "https:/127.0.0.1:PORT/",
    "https://hooks.slack.com /",
    "https://hooks.slack.com\r\nX: y/",
    "https://hooks.slack.com/a\nb",
    "https://hooks.slack.com/\0",
    " https://hooks.slack.com/",
    "https://hooks..slack.com/",
    "https://.slack.com/",
    "https://./",
    "https://",
    "https://[::1/",
    "https://256.256.256.256/",
    "https://1.2.3.4.5/",
    "https://exa mple.com/",
    "https://exa<mple.com/",
    "https://example.com:99999/",
    "https://example.com:0/",
    "https://example.com:22/",
    "https://example.com:25/",
    "https://example.com:80/",
    // Not HTTPS.
    "http://hooks.slack.com/",
    "HTTP://hooks.slack.com/",
    "http://127.0.0.1:PORT/",
    "//hooks.slack.com/",
    "hooks.slack.com",
    "file:///etc/passwd",
    "gopher://127.0.0.1:PORT/_x",
    "ftp://127.0.0.1:PORT/",
    "ldap://127.0.0.1:PORT/",
    "unix:/var/run/docker.sock",
    "data:text/plain,x",
    "",
];

#[tokio::test]
async fn no_spelling_of_an_address_leads_inwards() {
    let server = Server::tls(&["localhost"], Manner::answer(200, "", "")).await;
    let client = HttpClient::with_roots(Reach::public(), server.pem.as_bytes()).unwrap();
    let port = server.address.port().to_string();
    assert!(INWARDS.len() >= 60);
    for row in INWARDS {
        let address = row.replace("PORT", &port);
        match Target::parse(&address, client.reach()) {
            Err(error) => assert!(!error.to_string().contains("hunter2"), "{error}"),
            Ok(target) => {
                let sent = client.post(&target, Outgoing::json("{}"), LONG).await;
                panic!("{row} was taken as {target:?}: {sent:?}");
            }
        }
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn no_name_leads_inwards_whatever_its_other_addresses_are() {
    for inwards in [
        "127.0.0.1",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "::1",
        "::ffff:127.0.0.1",
        "64:ff9b::10.0.0.1",
        "fd00:ec2::254",
        "fe80::1",
        "2002:7f00:1::",
    ] {
        let server = Server::tls(&[HOST], Manner::answer(200, "", "")).await;
        for answer in [
            vec![inwards],
            vec!["1.1.1.1", inwards],
            vec![inwards, "1.1.1.1"],
        ] {
            let names = Names::with(HOST, &[&answer]);
            let client = HttpClient::with_roots(Reach::public(), server.pem.as_bytes())
                .unwrap()
                .with_resolver(names);
            let target = Target::parse(&url(&server, "/"), client.reach()).unwrap();
            let error = client
                .post(&target, Outgoing::json("{}"), LONG)
                .await
                .unwrap_err();
            assert!(
                matches!(error, FetchError::Target(TargetError::Address { .. })),
                "{inwards}: {error:?}"
            );
        }
        assert_eq!(server.connections(), 0);
    }
}

#[tokio::test]
async fn a_connection_goes_where_the_check_looked() {
    let good = Server::tls(&[HOST], Manner::answer(200, "", "")).await;
    let port = good.address.port();
    let evil = Server::start("127.0.0.2".parse().unwrap(), port, None, Manner::HangUp).await;
    // The second answer leads elsewhere: to where a rebound name would.
    let names = Names::with(HOST, &[&["127.0.0.1"], &["127.0.0.2"]]);
    let reach = Reach::public().and_network("127.0.0.1/32").unwrap();
    let client = HttpClient::with_roots(reach, good.pem.as_bytes())
        .unwrap()
        .with_resolver(names.clone());
    let target = Target::parse(&url(&good, "/hook?a=b"), client.reach()).unwrap();
    let answer = client
        .post(&target, Outgoing::json("{}"), LONG)
        .await
        .unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(names.asked(), 1);
    // TLS and HTTP went by the name.
    let request = good.one();
    assert_eq!(request.lines[0], "POST /hook?a=b HTTP/1.1");
    assert_eq!(request.header("host").unwrap(), format!("{HOST}:{port}"));

    let again = client.post(&target, Outgoing::json("{}"), LONG).await;
    assert!(matches!(again, Err(FetchError::Target(_))), "{again:?}");
    assert_eq!((names.asked(), evil.connections()), (2, 0));
}

#[tokio::test]
async fn a_certificate_has_to_be_the_names() {
    let other = Server::tls(&["other.example.com"], Manner::answer(200, "", "")).await;
    let client = client(&other);
    let target = Target::parse(&url(&other, "/"), client.reach()).unwrap();
    let error = client
        .post(&target, Outgoing::json("{}"), LONG)
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::Certificate { .. }), "{error:?}");
    assert!(other.received().is_empty());

    // A certificate that nobody vouches for.
    let server = Server::tls(&[HOST], Manner::answer(200, "", "")).await;
    let target = Target::parse(&url(&server, "/"), client.reach()).unwrap();
    let error = client
        .post(&target, Outgoing::json("{}"), LONG)
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::Certificate { .. }), "{error:?}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let aim = Server::tls(&[HOST], Manner::answer(200, "", "")).await;
    for status in [300, 301, 302, 303, 307, 308] {
        let to = format!("Location: {}\r\n", url(&aim, "/"));
        let server = Server::tls(&[HOST], Manner::answer(status, &to, "")).await;
        let client = client(&server);
        let target = Target::parse(&url(&server, "/"), client.reach()).unwrap();
        let answer = client
            .post(&target, Outgoing::json("{}"), LONG)
            .await
            .unwrap();
        assert_eq!(answer.status, status);
    }
    assert_eq!(aim.connections(), 0);
}

#[tokio::test]
async fn what_is_allowed_is_reached_and_a_metadata_service_never() {
    let allowed = Reach::public()
        .and_host("wiki.corp.internal")
        .and_network("0.0.0.0/0")
        .unwrap()
        .and_network("::/0")
        .unwrap();
    for good in [
        "https://wiki.corp.internal/",
        "https://WIKI.corp.internal./",
        "https://10.0.0.1/",
        "https://127.0.0.1:8443/",
        "https://[fd12::1]/",
        "https://[::ffff:10.0.0.1]/",
    ] {
        assert!(Target::parse(good, &allowed).is_ok(), "{good}");
    }
    for bad in [
        "https://169.254.169.254/",
        "https://[::ffff:169.254.169.254]/",
        "https://[fd00:ec2::254]/",
        "https://168.63.129.16/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://localhost/",
        "https://wiki2.corp.internal/",
        "https://x.wiki.corp.internal/",
    ] {
        assert!(Target::parse(bad, &allowed).is_err(), "{bad}");
    }
    let names = Names::with("wiki.corp.internal", &[&["169.254.169.254"]]);
    let server = Server::tls(&[HOST], Manner::HangUp).await;
    let client = HttpClient::with_roots(allowed, server.pem.as_bytes())
        .unwrap()
        .with_resolver(names);
    let target = Target::parse("https://wiki.corp.internal/", client.reach()).unwrap();
    let error = client
        .post(&target, Outgoing::json("{}"), Duration::from_secs(5))
        .await
        .unwrap_err();
    assert!(matches!(error, FetchError::Target(_)), "{error:?}");
    assert!(Reach::public().and_network("10.0.0.0/33").is_err());
}

proptest! {
    #[test]
    fn any_address_is_read_without_panic_and_its_path_is_not_shown(
        text in prop_oneof![any::<String>(), "https://[a-z0-9.:@%\\[\\]x/-]{0,30}"],
    ) {
        if let Ok(target) = Target::parse(&text, &Reach::public()) {
            // What was taken is written as it will be used: with a name or a public address.
            let again = Target::parse(&format!("https://{}/", target.host()), &Reach::public());
            prop_assert!(again.is_ok() || target.host().contains(':'), "{}", text);
        }
        let secret = Target::parse(&format!("https://example.com/s3cr3t?{text}"), &Reach::public());
        let shown = format!("{secret:?}");
        prop_assert!(!shown.contains("s3cr3t"));
    }
}
