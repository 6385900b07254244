//! Getting to a server, and in.

use deprovision_core::secret::Secret;
use deprovision_notify::{Login, Security, Sent, SmtpConfig};

use crate::reader::{copies, copy};
use crate::world::{PASSWORD, channel, config, letter, login, pem, plain, recipient, send};

#[tokio::test]
async fn a_letter_arrives_over_starttls_and_over_tls_with_a_login() {
    for security in [Security::StartTls, Security::Tls] {
        let to = recipient("dana", "tls");
        let sent = send(&channel(config(security), Some(login())), &letter(&to)).await;
        assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
        let copy = copy(&to);
        assert_eq!(copy["encrypted"], true);
        assert_eq!(copy["login"], "apis");
        assert_eq!(copy["from"], "bounces@example.com");
        assert_eq!(copy["to"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_letter_goes_in_the_clear_only_where_that_is_said() {
    let to = recipient("dana", "plain");
    let sent = send(&plain(), &letter(&to)).await;
    assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
    assert_eq!(copy(&to)["encrypted"], false);
    // A server without STARTTLS gets nothing from a channel that wants it.
    let mut without = config(Security::DangerousPlain);
    without.security = Security::StartTls;
    let to = recipient("dana", "downgrade");
    let sent = send(&channel(without, None), &letter(&to)).await;
    assert!(matches!(sent, Sent::Broken { .. }), "{sent:?}");
    assert!(copies(&to).is_empty());
}

#[tokio::test]
async fn i_20_a_wrong_password_needs_a_person_and_is_not_told() {
    for security in [Security::StartTls, Security::Tls] {
        let to = recipient("dana", "password");
        let wrong = Login::new("apis", Secret::new("wrong battery"));
        let channel = channel(config(security), Some(wrong));
        let sent = send(&channel, &letter(&to)).await;
        let Sent::Broken { why } = &sent else {
            panic!("{sent:?}")
        };
        assert!(why.contains("535"), "{why}");
        let told = format!("{sent:?} {channel:?}");
        assert!(
            !told.contains("battery") && !told.contains(PASSWORD),
            "{told}"
        );
        assert!(copies(&to).is_empty());
    }
    assert!(!format!("{:?}", login()).contains(PASSWORD));
}

#[tokio::test]
async fn a_server_that_wants_a_login_and_gets_none_needs_a_person() {
    let sent = send(
        &channel(config(Security::Tls), None),
        &letter("dana@example.com"),
    )
    .await;
    assert!(matches!(sent, Sent::Broken { .. }), "{sent:?}");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_or_of_another_name_needs_a_person() {
    for security in [Security::StartTls, Security::Tls] {
        let mut strange = config(security);
        strange.trusted_pem = Some(pem("DEPROVISION_SMTP_STRANGER"));
        let mut of_the_system = config(security);
        of_the_system.trusted_pem = None;
        let mut other_name = config(security);
        other_name.host = "127.0.0.1".to_owned();
        for config in [strange, of_the_system, other_name] {
            let to = recipient("dana", "trust");
            let sent = send(&channel(config, Some(login())), &letter(&to)).await;
            let Sent::Broken { why } = &sent else {
                panic!("{sent:?}")
            };
            assert!(why.contains("trusted_pem"), "{why}");
            assert!(copies(&to).is_empty());
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_takes_nothing_for_now() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    for host in ["127.0.0.1", "no-such-host.invalid"] {
        let mut config = SmtpConfig::new(host);
        config.port = Some(port);
        let sent = send(&channel(config, Some(login())), &letter("dana@example.com")).await;
        assert!(matches!(sent, Sent::NotSent { .. }), "{sent:?}");
    }
}

#[tokio::test]
async fn tls_where_there_is_none_needs_a_person() {
    let mut config = config(Security::DangerousPlain);
    config.security = Security::Tls;
    let sent = send(&channel(config, Some(login())), &letter("dana@example.com")).await;
    let Sent::Broken { why } = &sent else {
        panic!("{sent:?}")
    };
    assert!(why.contains("`security` or `port`"), "{why}");
}
