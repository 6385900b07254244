//! Who somebody in Slack is.

use async_trait::async_trait;
use deprovision_core::id::PersonId;

/// Says which person of ours a user of Slack is, so that nobody approves in another's name
/// by pressing their button.
///
/// A closure is one, where looking it up needs no waiting:
///
/// ```
/// use deprovision_core::id::PersonId;
/// use deprovision_notify::SlackPeople;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let people = |team: Option<&str>, user: &str| match (team, user) {
///     (Some("T0123456789"), "U0123456789") => PersonId::parse("dana").ok(),
///     _ => None,
/// };
/// let dana = people.person(Some("T0123456789"), "U0123456789").await?;
/// assert_eq!(dana, Some(PersonId::parse("dana")?));
/// assert_eq!(people.person(Some("T0123456789"), "U9").await?, None);
/// # Ok(())
/// # }
/// ```
///
/// # Behaviour
/// - It answers with certainty or with nobody. What a user can write about themselves, as
///   a display name, says nothing about who they are.
/// - It is quick, at best from memory: Slack waits three seconds for all of it.
#[async_trait]
pub trait SlackPeople: Send + Sync {
    /// The person who is this user of this workspace or organisation; nobody when that is
    /// not known. Both are as in [`Press`](super::Press): a user's id alone may be
    /// another's elsewhere.
    ///
    /// # Errors
    /// When it could not be looked up now. The press counts for nothing, and may be made
    /// again.
    async fn person(
        &self,
        team: Option<&str>,
        user: &str,
    ) -> Result<Option<PersonId>, Box<dyn std::error::Error + Send + Sync>>;
}

#[async_trait]
impl<F> SlackPeople for F
where
    F: Fn(Option<&str>, &str) -> Option<PersonId> + Send + Sync,
{
    async fn person(
        &self,
        team: Option<&str>,
        user: &str,
    ) -> Result<Option<PersonId>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self(team, user))
    }
}
