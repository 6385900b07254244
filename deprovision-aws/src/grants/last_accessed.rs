//! When a principal last used a service, as IAM remembers it.

use std::time::Duration;

use aws_sdk_iam::types::JobStatusType;
use deprovision_core::observation::Observation;
use deprovision_core::provider::{ErrorKind, ProviderError};
use deprovision_core::time::Timestamp;

use crate::error::{invalid, read};
use crate::grants::adapter::IamGrants;
use crate::grants::iam_calls::{GENERATE_ACCESSED, GET_ACCESSED};
use crate::grants::paging::next;

/// How often a job is asked for its result, and how long between.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// When one service was last used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceLastAccessed {
    /// The service, as actions name it: `s3`.
    pub service: String,
    /// The last attempt; none when there was none in the time that IAM remembers.
    pub last: Option<Timestamp>,
}

impl IamGrants {
    /// When a user, group, role or policy last used each service that it may use.
    ///
    /// IAM remembers at least 400 days, tells usually within four hours, and counts
    /// attempts that were *denied* too: a recent date does not show that a grant is of
    /// use, and none shows only that it was not used in that time, four hours ago
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html>).
    /// A service that is not listed is not known to be unused.
    ///
    /// # Errors
    /// [`ProviderError`] when AWS refuses a call or the ARN is of another account. A job
    /// that fails or does not end within ten seconds is [`Observation::Unknown`].
    pub async fn last_accessed(
        &self,
        arn: &str,
    ) -> Result<Observation<Vec<ServiceLastAccessed>>, ProviderError> {
        let of_aws = format!("arn:{}:iam::aws:policy/", self.scope.partition());
        if !arn.starts_with(&of_aws) {
            self.iam.check_arn(arn)?;
        }
        let client = &self.iam.client;
        let job = client.generate_service_last_accessed_details().arn(arn);
        let job = read(GENERATE_ACCESSED, job.send().await)?.job_id;
        let job = job.ok_or_else(|| invalid(GENERATE_ACCESSED.operation, "the job has no id"))?;
        let mut services = Vec::new();
        let mut marker = None;
        let mut tries = 0;
        loop {
            let get = client
                .get_service_last_accessed_details()
                .job_id(&job)
                .set_marker(marker.clone());
            let page = read(GET_ACCESSED, get.send().await)?;
            match page.job_status {
                JobStatusType::Completed => {}
                JobStatusType::InProgress if tries < TRIES => {
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                JobStatusType::InProgress => {
                    return Ok(Observation::unknown(
                        "IAM is still looking; ask again later",
                    ));
                }
                _ => return Ok(Observation::unknown("IAM could not find out")),
            }
            for service in page.services_last_accessed() {
                let last = service.last_authenticated().map(timestamp).transpose()?;
                let service = service.service_namespace().to_owned();
                services.push(ServiceLastAccessed { service, last });
            }
            marker = next(
                GET_ACCESSED.operation,
                page.is_truncated,
                page.marker.clone(),
            )?;
            if marker.is_none() {
                let as_of = timestamp(page.job_completion_date())?;
                return Ok(Observation::complete(services, as_of));
            }
        }
    }
}

fn timestamp(at: &aws_smithy_types::DateTime) -> Result<Timestamp, ProviderError> {
    let refuse = || {
        let why = "AWS told a time that is none";
        ProviderError::new(ErrorKind::Invalid, GET_ACCESSED.operation, why)
    };
    let millis = at
        .to_millis()
        .map_err(|error| refuse().with_source(error))?;
    Timestamp::from_millisecond(millis).map_err(|error| refuse().with_source(error))
}
