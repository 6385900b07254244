//! Showing what is true at the end: everything is asked for again, from outside.

use std::collections::BTreeMap;

use deprovision_core::digest::Digest;
use deprovision_core::id::RetirementId;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ArchiveReader, ArchiveState, Archiver, DatasetReader};
use deprovision_core::secret::Secret;
use deprovision_examples::Checks;
use deprovision_examples::shop::{Problem, Shop};
use tokio::io::AsyncReadExt;

/// Asks for everything again.
pub(crate) struct Show<'a> {
    pub(crate) checks: Checks<'a>,
}

impl Show<'_> {
    fn check(&mut self, holds: bool, what: impl AsRef<str>) {
        self.checks.check(holds, what);
    }

    /// Version 1 is gone, and version 2 is not.
    pub(crate) async fn service_after(&mut self, shop: &Shop) -> Result<(), Problem> {
        let gone = shop
            .callers
            .get("/v1/orders", Some(&shop.held.billing))
            .await?;
        let problem: serde_json::Value = serde_json::from_str(&gone.body).unwrap_or_default();
        let kind = gone.header("content-type").unwrap_or_default();
        let successor = format!("{}/v2/orders", shop.base);
        self.check(
            gone.status == 410
                && kind == "application/problem+json"
                && problem["successor"] == successor.as_str(),
            format!(
                "GET /v1/orders: {} {kind}, {}",
                gone.status, problem["detail"]
            ),
        );
        let link = gone.header("link").unwrap_or_default();
        self.check(
            link.contains(&successor),
            format!("its Link header: {link}"),
        );
        let alive = shop
            .callers
            .get("/v2/orders", Some(&shop.held.billing_v2))
            .await?;
        self.check(
            alive.status == 200,
            format!("GET /v2/orders: {}", alive.status),
        );
        for (name, key) in keys(shop) {
            let status = check_key(shop, key).await?;
            self.check(status == 401, format!("the key {name}: refused ({status})"));
        }
        Ok(())
    }

    /// Everything is as it was before.
    pub(crate) async fn service_restored(&mut self, shop: &Shop) -> Result<(), Problem> {
        let alive = shop
            .callers
            .get("/v1/orders", Some(&shop.held.billing))
            .await?;
        self.check(
            alive.status == 200,
            format!("GET /v1/orders with its old key: {}", alive.status),
        );
        self.check(
            alive.header("deprecation").is_none() && alive.header("sunset").is_none(),
            "it sends no Deprecation and no Sunset header any more",
        );
        for (name, key) in keys(shop) {
            let status = check_key(shop, key).await?;
            self.check(status == 200, format!("the key {name}: good ({status})"));
        }
        let changed = shop.reviewer.changed_files().await?;
        self.check(
            changed.is_empty(),
            format!(
                "files in the repositories that differ from before: {}",
                changed.len()
            ),
        );
        let letters = std::fs::read_dir(shop.files.path("outbox"))?
            .flatten()
            .filter(|entry| entry.path().to_string_lossy().contains("withdrawal"))
            .count();
        self.check(
            letters > 0,
            format!("{letters} people were told that it stays"),
        );
        Ok(())
    }

    /// The archive gives back what was erased.
    pub(crate) async fn archive(
        &mut self,
        shop: &Shop,
        id: &RetirementId,
        before: &BTreeMap<String, Digest>,
    ) -> Result<(), Problem> {
        let dataset = "dir:shop:local:orders-v1".parse()?;
        let archives = shop.archives();
        let archive = archives.archive_of(&dataset, id)?;
        let state = ArchiveReader::archive(archives, &archive).await?;
        let Some(ArchiveState::Finished { manifest, .. }) = state.known_completely() else {
            self.check(false, "the archive is not there");
            return Ok(());
        };
        let mut back = BTreeMap::new();
        for name in manifest.objects.keys() {
            let mut bytes = Vec::new();
            let mut stream = archives.open_archived(&archive, name).await?;
            stream.read_to_end(&mut bytes).await?;
            back.insert(name.clone(), Digest::of_bytes(&bytes));
        }
        self.check(
            back == *before && !before.is_empty(),
            format!(
                "the archive gives back all {} files byte for byte",
                back.len()
            ),
        );
        let left = shop.data().objects(&dataset).await?;
        let left = match &left {
            Observation::Known { value, .. } => value.len().to_string(),
            Observation::Unknown { why } => why.clone(),
        };
        self.check(left == "0", format!("objects left in the data: {left}"));
        Ok(())
    }

    /// No reference is left, and what called version 1 still compiles.
    pub(crate) async fn code(&mut self, shop: &Shop) -> Result<(), Problem> {
        let mut left = Vec::new();
        for text in ["/v1/orders", "ORDERS_V1_URL"] {
            left.extend(shop.reviewer.lines_that_name(text).await?);
        }
        self.check(
            left.is_empty(),
            format!("references to version 1 in billing's code: {}", left.len()),
        );
        let compiled = shop.reviewer.compile().await;
        let said = compiled
            .as_ref()
            .err()
            .map_or_else(String::new, |e| format!(": {e}"));
        self.check(compiled.is_ok(), format!("the changed code compiles{said}"));
        Ok(())
    }
}

fn keys(shop: &Shop) -> [(&'static str, &Secret); 2] {
    [
        ("ak_billing", &shop.held.billing),
        ("ak_reports", &shop.held.reports),
    ]
}

async fn check_key(shop: &Shop, key: &Secret) -> Result<u16, Problem> {
    let answer = shop
        .callers
        .get("/keys/check?api=orders-v1", Some(key))
        .await?;
    Ok(answer.status)
}
