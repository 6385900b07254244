//! What every [`CheckpointStore`] promises.

use std::sync::Arc;

use async_trait::async_trait;

use crate::conformance::Cases;
use crate::digest::Digest;
use crate::id::RetirementId;
use crate::ledger::{Checkpoint, CheckpointStore, KeyName, SignedNote, SigningKey};
use crate::provider::ErrorKind;

/// What the suite needs.
#[async_trait]
pub trait CheckpointStoreFixture: Send + Sync {
    /// An empty store.
    async fn fresh(&self) -> Arc<dyn CheckpointStore>;

    /// The same store after a restart: opened again over the same place. `None`
    /// when it does not outlive its process; one case less runs then.
    async fn reopen(&self, store: Arc<dyn CheckpointStore>) -> Option<Arc<dyn CheckpointStore>> {
        drop(store);
        None
    }
}

/// Runs the suite: 8 cases, 7 for a store that does not outlive its process.
///
/// # Errors
/// What kept a case from running.
pub async fn checkpoint_store(fixture: &impl CheckpointStoreFixture) -> Cases {
    let mut cases = 0;
    let orders = RetirementId::parse("orders-v1")?;
    let nested = RetirementId::parse("default/orders-v1")?;
    let store = fixture.fresh().await;

    let case = "latest of a stream without a checkpoint is none";
    assert_eq!(store.latest(&orders).await?, None, "{case}");
    cases += 1;

    let case = "what was put reads back byte by byte, and the largest is the latest";
    for size in [0, 1, 9, 10] {
        let note = note(&orders, size, 0, 1)?;
        store.put(&orders, &note).await?;
        assert_eq!(store.latest(&orders).await?, Some(note), "{case}");
    }
    cases += 1;

    let case = "streams do not disturb one another";
    let other = note(&nested, 3, 0, 1)?;
    store.put(&nested, &other).await?;
    let latest = note(&orders, 10, 0, 1)?;
    assert_eq!(
        store.latest(&nested).await?.as_ref(),
        Some(&other),
        "{case}"
    );
    assert_eq!(
        store.latest(&orders).await?.as_ref(),
        Some(&latest),
        "{case}"
    );
    cases += 1;

    let case = "what is no checkpoint of the stream is invalid";
    let no_checkpoint = SignedNote::sign("no checkpoint\n", &key(1)?)?.to_string();
    let of_another = note(&RetirementId::parse("invoices-v2")?, 11, 0, 1)?;
    let of_nested = note(&nested, 11, 0, 1)?;
    for bad in ["", "no note", &no_checkpoint, &of_another, &of_nested] {
        let refused = store.put(&orders, bad).await;
        let kind = refused.as_ref().err().map(|error| error.kind().clone());
        assert_eq!(kind, Some(ErrorKind::Invalid), "{case}: {bad:?}");
    }
    assert_eq!(
        store.latest(&orders).await?.as_ref(),
        Some(&latest),
        "{case}"
    );
    cases += 1;

    let case = "an older one, and another of the same size, are in conflict and change nothing";
    for bad in [note(&orders, 9, 0, 1)?, note(&orders, 10, 1, 1)?] {
        let refused = store.put(&orders, &bad).await;
        let kind = refused.as_ref().err().map(|error| error.kind().clone());
        assert_eq!(kind, Some(ErrorKind::Conflict), "{case}: {bad}");
    }
    assert_eq!(
        store.latest(&orders).await?.as_ref(),
        Some(&latest),
        "{case}"
    );
    cases += 1;

    let case = "putting the latest again, also with more signatures, is fine";
    store.put(&orders, &latest).await?;
    let mut signed: SignedNote = latest.parse()?;
    signed.add_signature(&key(2)?);
    store.put(&orders, &signed.to_string()).await?;
    assert_eq!(
        store.latest(&orders).await?,
        Some(signed.to_string()),
        "{case}"
    );
    cases += 1;

    let case = "of many that put at once the largest stays";
    let notes = (11..=30)
        .map(|size| note(&orders, size, 0, 1))
        .collect::<Result<Vec<_>, _>>()?;
    let puts = notes.iter().rev().map(|note| store.put(&orders, note));
    for refused in futures_util::future::join_all(puts).await {
        let kind = refused.as_ref().err().map(|error| error.kind().clone());
        assert!(
            matches!(kind, None | Some(ErrorKind::Conflict)),
            "{case}: {kind:?}"
        );
    }
    assert_eq!(
        store.latest(&orders).await?.as_ref(),
        notes.last(),
        "{case}"
    );
    cases += 1;

    let case = "the latest is there after a restart";
    if let Some(store) = fixture.reopen(store).await {
        assert_eq!(
            store.latest(&orders).await?.as_ref(),
            notes.last(),
            "{case}"
        );
        assert_eq!(store.latest(&nested).await?, Some(other), "{case}");
        cases += 1;
    }
    Ok(cases)
}

fn key(seed: u8) -> Result<SigningKey, Box<dyn std::error::Error + Send + Sync>> {
    let name = KeyName::parse("example.com/ledger")?;
    Ok(SigningKey::from_seed(name, &[seed; 32]))
}

fn note(
    stream: &RetirementId,
    size: u64,
    root: u8,
    seed: u8,
) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let key = key(seed)?;
    let root = Digest::from_bytes([root; 32]);
    let text = Checkpoint::new(key.name(), stream, size, root).text();
    Ok(SignedNote::sign(text, &key)?.to_string())
}
