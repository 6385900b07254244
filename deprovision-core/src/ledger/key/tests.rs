use proptest::prelude::*;

use super::*;
use crate::secret::Secret;

/// From the tests of golang.org/x/mod/sumdb/note.
const VERIFIER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PRIVATE_TEXT: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

#[test]
fn the_keys_of_the_go_implementation_are_read_and_written() {
    let key = SigningKey::from_secret(&Secret::new(PRIVATE_TEXT)).unwrap();
    assert_eq!(key.verifier().to_string(), VERIFIER);
    assert_eq!(*key.verifier(), VERIFIER.parse().unwrap());
    assert_eq!(key.to_secret().expose(), PRIVATE_TEXT);
    let json = serde_json::to_string(key.verifier()).unwrap();
    assert_eq!(
        serde_json::from_str::<VerifierKey>(&json).unwrap(),
        *key.verifier()
    );
}

#[test]
fn no_part_of_a_key_and_no_changed_key_is_a_key() {
    for from in 0..VERIFIER.len() {
        for to in from + 1..=VERIFIER.len() {
            if (from, to) != (0, VERIFIER.len()) {
                assert!(VERIFIER[from..to].parse::<VerifierKey>().is_err());
            }
        }
    }
    for i in 0..VERIFIER.len() {
        let mut bytes = VERIFIER.as_bytes().to_vec();
        bytes[i] += 1;
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.parse::<VerifierKey>().is_err(), "{text}");
    }
    for i in 0..PRIVATE_TEXT.len() {
        let mut bytes = PRIVATE_TEXT.as_bytes().to_vec();
        bytes[i] += 1;
        let text = Secret::new(String::from_utf8(bytes).unwrap());
        assert!(SigningKey::from_secret(&text).is_err());
    }
    let wrong_length = "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==";
    assert_eq!(wrong_length.parse::<VerifierKey>(), Err(KeyError::Form));
    let wrong_algorithm = "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(
        wrong_algorithm.parse::<VerifierKey>(),
        Err(KeyError::Algorithm)
    );
}

#[test]
fn a_public_key_that_verifies_what_nobody_signed_is_refused() {
    let mut identity = [0; 32];
    identity[0] = 1;
    let name = KeyName::parse("x").unwrap();
    assert_eq!(
        VerifierKey::from_public_bytes(name, &identity),
        Err(KeyError::Point)
    );
}

#[test]
fn i_20_neither_debug_nor_an_error_shows_the_private_key() {
    let key = SigningKey::from_secret(&Secret::new(PRIVATE_TEXT)).unwrap();
    let shown = format!("{key:?} {:?}", key.to_secret());
    assert!(!shown.contains("AYEKFALVFGyN"), "{shown}");
    assert!(!shown.contains("810a1402"), "{shown}");
    let broken = Secret::new(PRIVATE_TEXT.replace("c74f20a3", "c74f20a4"));
    let error = SigningKey::from_secret(&broken).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("AYEKFALVFGyN"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(PRIVATE\\+KEY\\+)?.{0,20}\\+?.{0,10}\\+?.{0,60}") {
        let _ = text.parse::<VerifierKey>();
        let _ = SigningKey::from_secret(&Secret::new(text.clone()));
        let _ = KeyName::parse(text);
    }

    #[test]
    fn every_key_is_read_as_it_is_written(seed in any::<[u8; 32]>(), name in "[a-z./é-]{1,20}") {
        let key = SigningKey::from_seed(KeyName::parse(name).unwrap(), &seed);
        let text = key.verifier().to_string();
        prop_assert_eq!(&text.parse::<VerifierKey>().unwrap(), key.verifier());
        let again = SigningKey::from_secret(&key.to_secret()).unwrap();
        prop_assert_eq!(again.verifier(), key.verifier());
    }
}
