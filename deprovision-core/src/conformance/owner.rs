//! The suite of [`OwnerResolver`].

use async_trait::async_trait;

use crate::catalog::{Api, Contact};
use crate::conformance::{Cases, Trouble, known};
use crate::id::{ApiId, CallerId};
use crate::observation::Observation;
use crate::provider::OwnerResolver;

/// What the suite needs of a resolver, and of the world that it looks at.
///
/// Not every resolver looks for everything: `false` says that this one does not look there,
/// and the suite then expects that it finds nobody.
#[async_trait]
pub trait OwnerFixture: Send + Sync {
    /// The resolver, over the world as it is now.
    fn resolver(&self) -> Box<dyn OwnerResolver>;
    /// Makes somebody the owner of the API.
    async fn own(&self, api: &ApiId, owner: &Contact) -> Result<bool, Trouble>;
    /// Gives the API an owner who can not be reached; `false` where that can not be.
    async fn own_unreachably(&self, api: &ApiId) -> Result<bool, Trouble>;
    /// Puts somebody behind a caller.
    async fn call(&self, caller: &CallerId, contact: &Contact) -> Result<bool, Trouble>;
}

/// Holds a resolver to the promises of [`OwnerResolver`]. The world begins empty.
///
/// # Errors
/// When the fixture could not do its part. A broken promise panics.
pub async fn owner(fixture: &impl OwnerFixture) -> Cases {
    let suite = Suite { fixture };
    let mut cases = 0;
    suite.who_is_not_known_is_nobody(&mut cases).await?;
    suite
        .the_owner_of_an_api_and_of_no_other(&mut cases)
        .await?;
    suite
        .an_owner_out_of_reach_is_not_nobody(&mut cases)
        .await?;
    suite.who_is_behind_a_caller(&mut cases).await?;
    Ok(cases)
}

struct Suite<'a, F> {
    fixture: &'a F,
}

impl<F: OwnerFixture> Suite<'_, F> {
    async fn owners(&self, api: &ApiId) -> Result<Observation<Vec<Contact>>, Trouble> {
        let resolver = self.fixture.resolver();
        let first = resolver.owners(api).await?;
        // Asking changes nothing.
        let again = people(&resolver.owners(api).await?);
        assert_eq!(people(&first), again, "asked twice, the owners differ");
        Ok(first)
    }

    async fn behind(&self, caller: &CallerId) -> Result<Vec<Contact>, Trouble> {
        let api = "any".parse()?;
        let resolver = self.fixture.resolver();
        known(resolver.consumer(&api, caller).await?)
    }

    async fn who_is_not_known_is_nobody(&self, cases: &mut u32) -> Result<(), Trouble> {
        *cases += 1;
        let api = Api::new("nobodys-v1".parse()?, "Nobody's");
        let default = "an API that nobody owns has a default owner";
        assert_eq!(known(self.owners(&api.id).await?)?, [], "{default}");
        let stranger = "stranger-1".parse()?;
        assert_eq!(self.behind(&stranger).await?, [], "a stranger is somebody");
        let dependents = self.fixture.resolver().dependents(&api).await?;
        assert_eq!(known(dependents)?, [], "nobody's code names it");
        Ok(())
    }

    async fn the_owner_of_an_api_and_of_no_other(&self, cases: &mut u32) -> Result<(), Trouble> {
        *cases += 1;
        let (one, other): (ApiId, ApiId) = ("orders-v1".parse()?, "orders-v2".parse()?);
        let dana = contact("dana")?;
        let looks = self.fixture.own(&one, &dana).await?;
        let wanted = if looks { vec![dana.email] } else { Vec::new() };
        let found = known(self.owners(&one).await?)?;
        let found: Vec<_> = found.into_iter().map(|c| c.email).collect();
        assert_eq!(found, wanted, "the owner of the API");
        let found = known(self.owners(&other).await?)?;
        assert_eq!(found, [], "the owner of one API is that of another");
        Ok(())
    }

    async fn an_owner_out_of_reach_is_not_nobody(&self, cases: &mut u32) -> Result<(), Trouble> {
        *cases += 1;
        let api = "lost-v1".parse()?;
        if self.fixture.own_unreachably(&api).await? {
            let seen = self.owners(&api).await?;
            let doubt = seen.doubt();
            assert!(
                doubt.is_some(),
                "[I-9] who is out of reach is told as nobody"
            );
            assert_eq!(people(&seen), [], "somebody else is told instead");
        }
        Ok(())
    }

    async fn who_is_behind_a_caller(&self, cases: &mut u32) -> Result<(), Trouble> {
        *cases += 1;
        let (caller, wes) = ("batch-7".parse()?, contact("wes")?);
        let looks = self.fixture.call(&caller, &wes).await?;
        let wanted = if looks { vec![wes.email] } else { Vec::new() };
        let found = self.behind(&caller).await?;
        let found: Vec<_> = found.into_iter().map(|c| c.email).collect();
        assert_eq!(found, wanted, "who is behind the caller");
        let another = "batch-77".parse()?;
        assert_eq!(
            self.behind(&another).await?,
            [],
            "a caller whose id begins so"
        );
        Ok(())
    }
}

fn contact(name: &str) -> Result<Contact, Trouble> {
    Ok(Contact::new(
        name.parse()?,
        format!("{name}@example.com").parse()?,
    ))
}

/// Those who were seen, whatever was missed.
fn people(seen: &Observation<Vec<Contact>>) -> Vec<Contact> {
    match seen {
        Observation::Known { value, .. } => value.clone(),
        Observation::Unknown { .. } => Vec::new(),
    }
}

#[cfg(test)]
#[path = "owner_tests.rs"]
mod tests;
