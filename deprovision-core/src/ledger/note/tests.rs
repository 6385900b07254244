use proptest::prelude::*;

use super::*;
use crate::ledger::{KeyName, SigningKey, VerifierKey};
use crate::secret::Secret;

// Keys, text and signatures from the tests of golang.org/x/mod/sumdb/note.
const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n";
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_PRIVATE: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const PETER_LINE: &str = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
const ENOCH_LINE: &str = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

fn peters_note() -> String {
    format!("{TEXT}\n{PETER_LINE}")
}

#[test]
fn the_go_implementations_note_is_made_byte_by_byte_and_verified() {
    let signer = SigningKey::from_secret(&Secret::new(PETER_PRIVATE)).unwrap();
    let mut note = SignedNote::sign(TEXT, &signer).unwrap();
    assert_eq!(note.to_string(), peters_note());
    note.add_signature(&signer);
    assert_eq!(note.to_string(), peters_note());
    let read: SignedNote = peters_note().parse().unwrap();
    assert_eq!(read, note);
    assert_eq!(read.text(), TEXT);
    assert_eq!(read.verify(&[key(PETER)]).unwrap(), [&key(PETER)]);
}

#[test]
fn signatures_of_unknown_keys_are_ignored_and_do_not_count() {
    let both: SignedNote = format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}").parse().unwrap();
    assert_eq!(both.signatures().len(), 2);
    assert_eq!(both.verify(&[key(PETER)]).unwrap(), [&key(PETER)]);
    assert_eq!(both.verify(&[key(ENOCH)]).unwrap(), [&key(ENOCH)]);
    assert_eq!(both.verify(&[key(ENOCH), key(PETER)]).unwrap().len(), 2);
    let error = both.verify(&[]).unwrap_err();
    assert!(matches!(error, NoteError::UnknownKeys { .. }));
    assert!(error.to_string().contains("EnochRoot+af0cfe78"), "{error}");
    // The same name with another id, and the same id with another name, are unknown.
    let namesake = PETER_LINE.replace("x08go", "y08go");
    let note: SignedNote = format!("{TEXT}\n{namesake}").parse().unwrap();
    assert!(matches!(
        note.verify(&[key(PETER)]),
        Err(NoteError::UnknownKeys { .. })
    ));
    let renamed = PETER_LINE.replace("PeterNeumann", "PaulNeumann");
    let note: SignedNote = format!("{TEXT}\n{renamed}").parse().unwrap();
    assert!(matches!(
        note.verify(&[key(PETER)]),
        Err(NoteError::UnknownKeys { .. })
    ));
    let twice: SignedNote = format!("{TEXT}\n{PETER_LINE}{PETER_LINE}").parse().unwrap();
    assert_eq!(twice.verify(&[key(PETER)]).unwrap().len(), 1);
}

#[test]
fn a_changed_text_or_a_forged_line_of_a_known_key_rejects_the_note() {
    let changed: SignedNote = peters_note().replace("answer", "Answer").parse().unwrap();
    let forged = Err(NoteError::Forged {
        key: "PeterNeumann+c74f20a3".into(),
    });
    assert_eq!(changed.verify(&[key(PETER)]), forged);
    let longer = format!("{TEXT}\n{}ABCD{}", &PETER_LINE[..60], &PETER_LINE[60..]);
    assert_eq!(
        longer.parse::<SignedNote>().unwrap().verify(&[key(PETER)]),
        forged
    );
    // One good signature does not save a forged one.
    let mixed = format!("{TEXT}\n{ENOCH_LINE}{}", PETER_LINE.replace("/ZJ", "/ZK"));
    let mixed: SignedNote = mixed.parse().unwrap();
    assert_eq!(mixed.verify(&[key(ENOCH), key(PETER)]), forged);
}

#[test]
fn what_is_no_note_is_refused() {
    let cut = &PETER_LINE[..PETER_LINE.len() - 1];
    for bad in [
        TEXT.to_owned(),
        format!("{TEXT}\n"),
        format!("{TEXT}\n{cut}"),
        format!("\u{1}{TEXT}\n{PETER_LINE}"),
        format!("{TEXT}\r\n{PETER_LINE}"),
        format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "Bad Name")),
        format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "Bad+Name")),
        format!(
            "{TEXT}\n{}",
            PETER_LINE.replace("PeterNeumann", "Bad\u{a0}Name")
        ),
        format!("{TEXT}\n{PETER_LINE}Unexpected line.\n"),
        format!("{TEXT}\n{}", PETER_LINE.repeat(101)),
        format!("{TEXT}\n— PeterNeumann x08gow==\n"),
        format!("{TEXT}\n— PeterNeumann \n"),
        format!("{TEXT}\n- PeterNeumann x08go/ZJ\n"),
        format!("{}\n{PETER_LINE}", "x".repeat(MAX_NOTE_BYTES)),
        String::new(),
        "\n\n".into(),
        "\n\n\n".into(),
    ] {
        assert!(
            matches!(bad.parse::<SignedNote>(), Err(NoteError::Malformed(_))),
            "{:?}",
            bad.chars().take(200).collect::<String>()
        );
    }
    let many = format!("{TEXT}\n{}", PETER_LINE.repeat(100));
    assert!(many.parse::<SignedNote>().is_ok());
    let with_empty_lines = format!("\n\n{TEXT}\n\n{PETER_LINE}");
    assert!(with_empty_lines.parse::<SignedNote>().is_ok());
}

#[test]
fn what_could_be_another_thing_is_not_signed() {
    let signer = SigningKey::from_secret(&Secret::new(PETER_PRIVATE)).unwrap();
    for bad in ["", "abc", "a\tb\n", "DSSEv1 28 application\n"] {
        assert!(matches!(
            SignedNote::sign(bad, &signer),
            Err(NoteError::Unsignable(_))
        ));
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_or_printed_as_it_was_read(
        text in "(.|\n){0,40}\n?\n(— [a-z]{1,3} [A-Za-z0-9+/]{8,12}={0,2}\n?){0,3}",
    ) {
        if let Ok(note) = text.parse::<SignedNote>() {
            prop_assert_eq!(note.to_string(), text);
            let _ = note.verify(&[key(PETER)]);
        }
    }

    #[test]
    fn any_signed_text_verifies_and_no_changed_one_does(
        text in "[^\\x00-\\x1f]{0,30}(\n[^\\x00-\\x1f]{0,9}){0,4}\n",
        seed in any::<[u8; 32]>(),
        other in any::<[u8; 32]>(),
    ) {
        prop_assume!(seed != other && !text.starts_with("DSSEv1 "));
        let name = KeyName::parse("example.com/ledger").unwrap();
        let (one, two) = (SigningKey::from_seed(name.clone(), &seed), SigningKey::from_seed(name, &other));
        let mut note = SignedNote::sign(text.clone(), &one).unwrap();
        note.add_signature(&two);
        let read: SignedNote = note.to_string().parse().unwrap();
        prop_assert_eq!(&read, &note);
        let keys = [one.verifier().clone(), two.verifier().clone()];
        prop_assert_eq!(read.verify(&keys).unwrap().len(), 2);
        let printed = read.to_string();
        let (_, lines) = printed.rsplit_once("\n\n").unwrap();
        let longer: SignedNote = format!("x{text}\n{lines}").parse().unwrap();
        prop_assert!(longer.verify(&keys).is_err());
    }
}
