//! What every [`PathProbe`] keeps.

use std::collections::BTreeSet;
use std::error::Error;

use async_trait::async_trait;

use crate::conformance::Cases;
use crate::observation::Observation;
use crate::provider::{FaceProbe, PathProbe, ProbeAnswer};
use crate::resource::AccessPathId;

type Checked = Result<(), Box<dyn Error + Send + Sync>>;

/// A path with at least two faces whose answers the test decides, for [`path_probe`].
#[async_trait]
pub trait PathProbeFixture: Send + Sync {
    /// The probe.
    type Probe: PathProbe;

    /// The probe.
    fn probe(&self) -> &Self::Probe;

    /// The path.
    fn path(&self) -> AccessPathId;

    /// How many faces the path has.
    fn faces(&self) -> usize;

    /// A path that has none.
    fn faceless(&self) -> AccessPathId;

    /// Decides what the face of this number (from 0) answers from now on.
    async fn answer(&self, face: usize, with: FaceAnswer);
}

/// What a face answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a fixture must be able to give every answer that the suite asks for"
)]
pub enum FaceAnswer {
    /// A status with a problem document that names no status.
    Problem(u16),
    /// A status with a body that is no problem document.
    Bare(u16),
    /// 410 that calls itself a problem document and is none.
    BrokenProblem,
    /// A redirect with this status to a URL that answers 410 with a problem document.
    RedirectToGone(u16),
    /// The request is taken and never answered.
    Silence,
}

/// Runs every case.
///
/// # Errors
/// When the fixture fails. A broken promise panics.
pub async fn path_probe<F: PathProbeFixture>(fixture: &F) -> Cases {
    let suite = Suite { fixture };
    let mut cases = 0;
    suite.every_face_is_probed_on_its_own().await?;
    suite.one_open_face_shows().await?;
    suite.nothing_to_probe_is_unknown().await?;
    cases += 3;
    for answer in suite.what_is_not_gone() {
        suite.is_not_gone(answer).await?;
        cases += 1;
    }
    Ok(cases)
}

struct Suite<'a, F> {
    fixture: &'a F,
}

impl<F: PathProbeFixture> Suite<'_, F> {
    async fn every_face_is_probed_on_its_own(&self) -> Checked {
        assert!(self.fixture.faces() >= 2, "the fixture needs two faces");
        self.close_all().await;
        let probes = self.probes().await?;
        assert_eq!(probes.len(), self.fixture.faces(), "{probes:?}");
        let requests: BTreeSet<_> = probes.iter().map(|probe| &probe.request).collect();
        assert_eq!(requests.len(), probes.len(), "{probes:?}");
        for probe in &probes {
            assert_eq!(probe.answer, ProbeAnswer::Gone, "{probe:?}");
        }
        Ok(())
    }

    async fn one_open_face_shows(&self) -> Checked {
        for open in 0..self.fixture.faces() {
            self.close_all().await;
            self.fixture.answer(open, FaceAnswer::Bare(200)).await;
            let probes = self.probes().await?;
            let count = |answer| probes.iter().filter(|p| p.answer == answer).count();
            assert_eq!(count(ProbeAnswer::Other { status: 200 }), 1, "{probes:?}");
            assert_eq!(count(ProbeAnswer::Gone), probes.len() - 1, "{probes:?}");
        }
        Ok(())
    }

    async fn nothing_to_probe_is_unknown(&self) -> Checked {
        let seen = self.fixture.probe().probe(&self.fixture.faceless()).await?;
        assert!(
            matches!(seen, Observation::Unknown { .. }),
            "a path without faces was seen as {seen:?}"
        );
        Ok(())
    }

    /// Every answer that looks like a closed path to somebody.
    fn what_is_not_gone(&self) -> Vec<FaceAnswer> {
        let refusals = [401, 403, 404, 429, 500, 502, 503, 504];
        let mut answers: Vec<_> = refusals
            .into_iter()
            .flat_map(|status| [FaceAnswer::Problem(status), FaceAnswer::Bare(status)])
            .collect();
        answers.extend([301, 302, 307, 308].map(FaceAnswer::RedirectToGone));
        answers.extend([
            FaceAnswer::Bare(200),
            FaceAnswer::Bare(410),
            FaceAnswer::BrokenProblem,
            FaceAnswer::Silence,
        ]);
        answers
    }

    async fn is_not_gone(&self, answer: FaceAnswer) -> Checked {
        self.close_all().await;
        self.fixture.answer(0, answer).await;
        let probes = self.probes().await?;
        let mut odd = probes.iter().filter(|p| p.answer != ProbeAnswer::Gone);
        let (first, second) = (odd.next(), odd.next());
        assert!(
            first.is_some() && second.is_none(),
            "[I-5] {answer:?} of one face gave {probes:?}"
        );
        let Some(probe) = first else { return Ok(()) };
        let status = match answer {
            FaceAnswer::Problem(status)
            | FaceAnswer::Bare(status)
            | FaceAnswer::RedirectToGone(status) => Some(status),
            FaceAnswer::BrokenProblem => Some(410),
            FaceAnswer::Silence => None,
        };
        match status {
            Some(status) => assert_eq!(
                probe.answer,
                ProbeAnswer::Other { status },
                "[I-5] {answer:?}"
            ),
            None => assert!(
                matches!(probe.answer, ProbeAnswer::None { .. }),
                "[I-5] {answer:?} gave {probe:?}"
            ),
        }
        Ok(())
    }

    async fn close_all(&self) {
        for face in 0..self.fixture.faces() {
            self.fixture.answer(face, FaceAnswer::Problem(410)).await;
        }
    }

    async fn probes(&self) -> Result<Vec<FaceProbe>, Box<dyn Error + Send + Sync>> {
        let seen = self.fixture.probe().probe(&self.fixture.path()).await?;
        let probes = seen.known_completely().ok_or_else(|| {
            let doubt = seen.doubt().unwrap_or_default();
            format!("the faces were not probed: {doubt}")
        })?;
        Ok(probes.clone())
    }
}
