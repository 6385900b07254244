//! Going on after a crash: SeaweedFS tells no checksums of parts, so that every part is
//! sent again there.

use aws_smithy_types::base64;
use crc_fast::CrcAlgorithm::Crc64Nvme;
use deprovision_core::provider::ArchiveReader as _;
use tokio::io::AsyncReadExt as _;

use crate::s3::bucket::{Begun, Bucket, SentPart};
use crate::s3::world::{Archives, PART, key_of, unlocked};

/// Four parts, the last of them short.
fn long() -> (&'static str, Vec<u8>) {
    ("long", (0..3 * PART + 7).map(|i| (i % 239) as u8).collect())
}

fn crc64(bytes: &[u8]) -> String {
    base64::encode(crc_fast::checksum(Crc64Nvme, bytes).to_be_bytes())
}

/// A part that somebody sent before.
fn earlier(number: usize, bytes: &[u8], crc64: Option<String>) -> SentPart {
    SentPart {
        bytes: bytes.to_vec(),
        etag: format!("\"part {number}, sent before\""),
        crc64,
    }
}

/// What a worker that died has sent of an object: one part as it should be, one with
/// other bytes, one that is short, and one of which the checksum is not known.
async fn crashed(object: &(&str, Vec<u8>)) -> Bucket {
    let bucket = Bucket::new();
    let parts: Vec<&[u8]> = object.1.chunks(PART).collect();
    let mut rotten = parts[1].to_vec();
    rotten[0] ^= 1;
    let short = &parts[2][..PART - 1];
    let sent = [
        (1, earlier(1, parts[0], Some(crc64(parts[0])))),
        (2, earlier(2, &rotten, Some(crc64(&rotten)))),
        (3, earlier(3, short, Some(crc64(parts[2])))),
        (4, earlier(4, parts[3], None)),
    ];
    let begun = Begun {
        key: key_of(object).await,
        lock: None,
        parts: sent.into(),
    };
    bucket
        .state()
        .uploads
        .insert("of the dead".to_owned(), begun);
    bucket
}

#[tokio::test]
async fn a_part_with_the_right_checksum_is_not_sent_again_and_every_other_one_is() {
    let object = long();
    for page in [1000, 1] {
        let bucket = crashed(&object).await;
        bucket.state().page = page;
        let archives = Archives::of(std::slice::from_ref(&object), &bucket, unlocked(), &[]);
        archives.archived().await;
        {
            let mut state = bucket.state();
            assert_eq!(state.times("CreateMultipartUpload"), 0);
            state.parts_sent.sort_unstable();
            assert_eq!(state.parts_sent, [2, 3, 4]);
            let [completed] = &state.completed[..] else {
                panic!("{:?}", state.completed);
            };
            let named: Vec<_> = completed
                .iter()
                .map(|part| (part.part_number().unwrap(), part.e_tag().unwrap()))
                .collect();
            assert_eq!(
                named,
                [
                    (1, "\"part 1, sent before\""),
                    (2, "\"part 2, sent now\""),
                    (3, "\"part 3, sent now\""),
                    (4, "\"part 4, sent now\""),
                ]
            );
            let checksums: Vec<_> = completed
                .iter()
                .map(|part| part.checksum_crc64_nvme().unwrap().to_owned())
                .collect();
            let ours: Vec<_> = object.1.chunks(PART).map(crc64).collect();
            assert_eq!(checksums, ours);
            let whole = state
                .objects
                .values()
                .flatten()
                .find_map(|kept| kept.crc64.clone());
            assert_eq!(whole, Some(crc64(&object.1)));
            assert!(state.uploads.is_empty());
        }
        let mut back = Vec::new();
        let mut stream = archives
            .archive
            .open_archived(&archives.id, object.0)
            .await
            .unwrap();
        stream.read_to_end(&mut back).await.unwrap();
        assert!(back == object.1);
    }
}

#[tokio::test]
async fn of_two_uploads_of_one_object_one_is_finished_and_the_others_are_dropped() {
    let object = long();
    let bucket = crashed(&object).await;
    {
        let mut state = bucket.state();
        state.page = 1;
        let key = state.uploads["of the dead"].key.clone();
        let other = Begun {
            key,
            ..Begun::default()
        };
        state.uploads.insert("second of the dead".to_owned(), other);
        let gone = Begun {
            key: "kept/retire-orders-v1/0/objects/replaced".to_owned(),
            ..Begun::default()
        };
        // Of another archive: not ours to drop.
        state.uploads.insert("of another archive".to_owned(), gone);
    }
    let archives = Archives::of(std::slice::from_ref(&object), &bucket, unlocked(), &[]);
    archives.archived().await;
    let state = bucket.state();
    assert_eq!(state.times("AbortMultipartUpload"), 1);
    let left: Vec<_> = state.uploads.keys().collect();
    assert_eq!(left, ["of another archive"]);
    assert_eq!(state.parts_sent.len(), 3, "one of four parts was there");
}
