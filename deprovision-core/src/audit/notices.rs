//! What an audit has to tell the owners.

use std::collections::BTreeMap;

use crate::audit::{Audit, Finding, FindingKind};
use crate::catalog::{Api, Catalog};
use crate::id::{ApiId, ParseIdError};
use crate::provider::{FindingFacts, Notice, NoticeFacts, NoticeStage, RoleFacts};
use crate::resource::NoticeId;

impl Audit {
    /// An alert to the owner of each API that nobody seems to use: one a calendar month.
    /// `id` makes a notice's id of its name: `Courier::audit_id` of `deprovision-notify`,
    /// whose `inform` takes them without a retirement.
    ///
    /// # Errors
    /// [`ParseIdError`] of `id`.
    pub fn alerts(
        &self,
        catalog: &Catalog,
        id: impl Fn(&str) -> Result<NoticeId, ParseIdError>,
    ) -> Result<Vec<Notice>, ParseIdError> {
        let month = self.as_of.strftime("%Y-%m").to_string();
        let unused = |kind| matches!(kind, FindingKind::Unused | FindingKind::Idle);
        self.notices(catalog, NoticeStage::Unused, &month, unused, id)
    }

    /// What each owner should know of their APIs: every finding, a notice an API and day.
    /// A courier makes one letter of those to one person.
    ///
    /// # Errors
    /// [`ParseIdError`] of `id`.
    pub fn digests(
        &self,
        catalog: &Catalog,
        id: impl Fn(&str) -> Result<NoticeId, ParseIdError>,
    ) -> Result<Vec<Notice>, ParseIdError> {
        let day = self.as_of.strftime("%Y-%m-%d").to_string();
        self.notices(catalog, NoticeStage::Digest, &day, |_| true, id)
    }

    fn notices(
        &self,
        catalog: &Catalog,
        stage: NoticeStage,
        when: &str,
        wanted: impl Fn(FindingKind) -> bool,
        id: impl Fn(&str) -> Result<NoticeId, ParseIdError>,
    ) -> Result<Vec<Notice>, ParseIdError> {
        let mut findings: BTreeMap<&ApiId, Vec<&Finding>> = BTreeMap::new();
        for finding in self.findings.iter().filter(|finding| wanted(finding.kind)) {
            for api in finding.subject.apis() {
                findings.entry(api).or_default().push(finding);
            }
        }
        let mut notices = Vec::new();
        for (api, found) in findings {
            let Some(api) = catalog.apis.get(api) else {
                continue;
            };
            // That nobody owns it is a finding, and no default mailbox owns it instead.
            let Some(owner) = &api.owner else { continue };
            let name = format!("{stage}/{when}/{}/{}", api.id, owner.person);
            notices.push(Notice::new(
                id(&name)?,
                stage,
                owner.clone(),
                facts(api, &found),
            ));
        }
        Ok(notices)
    }
}

fn facts(api: &Api, found: &[&Finding]) -> NoticeFacts {
    let mut facts = NoticeFacts::new(api.id.clone(), &api.title);
    facts.roles.push(RoleFacts::owner());
    facts.ends = api.sunset;
    facts.documentation.clone_from(&api.documentation);
    for finding in found {
        let text = format!("{} ({})", finding.title, finding.coverage);
        let kind = finding.kind.name();
        facts.findings.push(FindingFacts::new(kind, text));
        if !finding.next_step.is_empty() {
            let next = FindingFacts::new("next_step", &finding.next_step);
            facts.findings.push(next);
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Subject;
    use crate::catalog::{Severity, Source};
    use crate::policy::Policy;
    use crate::time::Timestamp;
    use crate::usage::UsageReport;

    #[test]
    fn owners_are_told_what_was_found_of_their_apis_and_nobody_else() {
        let text = "
apis:
  - {id: a, title: A, owner: {person: dana, email: dana@example.com}}
  - {id: b, title: B, owner: {person: dana, email: dana@example.com}}
  - {id: c, title: C}
";
        let catalog = Catalog::read(&[Source::new("c.yaml", text)]).unwrap();
        let now: Timestamp = "2027-04-11T00:00:00Z".parse().unwrap();
        let mut audit = Audit::of(&catalog, &UsageReport::default(), &Policy::default(), now);
        audit.findings.clear();
        let of = |api: &str| Subject::Api(api.parse().unwrap());
        let find =
            |kind, api| Finding::new(kind, of(api), Severity::Medium, format!("{api} {kind:?}"));
        audit.include([
            find(FindingKind::Unused, "a"),
            find(FindingKind::Overdue, "a"),
            find(FindingKind::Overdue, "b"),
            find(FindingKind::Unused, "c"),
        ]);
        let id = |name: &str| format!("outbox:shop:local:{name}").parse();
        let alerts = audit.alerts(&catalog, id).unwrap();
        let names: Vec<&str> = alerts.iter().map(|notice| notice.id.name()).collect();
        assert_eq!(names, ["unused/2027-04/a/dana"]);
        let digests = audit.digests(&catalog, id).unwrap();
        let names: Vec<&str> = digests.iter().map(|notice| notice.id.name()).collect();
        assert_eq!(
            names,
            ["digest/2027-04-11/a/dana", "digest/2027-04-11/b/dana"]
        );
        assert!(
            digests[0]
                .facts
                .findings
                .iter()
                .any(|f| f.text.contains("a Overdue"))
        );
    }
}
