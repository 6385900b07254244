//! The permissions that each task takes.

use deprovision_core::id::ApiId;
use deprovision_core::provider::ProviderError;
use deprovision_core::resource::GrantId;

use crate::grants::adapter::IamGrants;
use crate::grants::footprint::Home;
use crate::grants::home::Task;
use crate::grants::iam_calls::{DETAILS, GENERATE_ACCESSED, GET_ACCESSED};
use crate::grants::target::Target;
use crate::policy::NeededPolicy;

impl IamGrants {
    /// What listing the grants of an API takes.
    ///
    /// # Errors
    /// When the adapter was not told what the API is.
    pub fn permissions_to_list(&self, api: &ApiId) -> Result<NeededPolicy, ProviderError> {
        let footprint = self.footprint("print the policy", api)?;
        let mut needed = NeededPolicy::allowing([(vec![DETAILS], vec!["*"])]);
        for home in footprint.homes() {
            let target = match home {
                Home::Bucket { name, .. } => Target::Bucket(name.clone()),
                Home::RestApi { id, .. } => Target::RestApi(id.clone()),
                Home::Secret { name, .. } => Target::Secret(name.clone()),
                Home::Function { name, .. } => Target::Function(name.clone()),
            };
            if let Ok((home, name)) = self.home_of("print the policy", &target) {
                needed = needed.and(home.needs(Task::Observe, &name));
            }
        }
        Ok(needed)
    }

    /// What reading one grant takes.
    ///
    /// # Errors
    /// When it is no grant of this account.
    pub fn permissions_to_observe(&self, grant: &GrantId) -> Result<NeededPolicy, ProviderError> {
        self.needs(Task::Observe, grant)
    }

    /// What removing one grant and putting it back takes, with the reads before and after.
    ///
    /// # Errors
    /// When it is no grant of this account.
    pub fn permissions_to_edit(&self, grant: &GrantId) -> Result<NeededPolicy, ProviderError> {
        Ok(self
            .needs(Task::Observe, grant)?
            .and(self.needs(Task::Write, grant)?))
    }

    /// What [`last_accessed`](Self::last_accessed) takes.
    #[must_use]
    pub fn permissions_to_read_last_accessed(&self) -> NeededPolicy {
        NeededPolicy::allowing([(vec![GENERATE_ACCESSED, GET_ACCESSED], vec!["*"])])
    }

    fn needs(&self, task: Task, grant: &GrantId) -> Result<NeededPolicy, ProviderError> {
        let operation = "print the policy";
        let (target, _) = Target::of_grant(operation, &self.scope, grant.locator())?;
        Ok(match &target {
            Target::Managed(path) => self.managed.needs(task, path),
            Target::OfAws(path) => self.managed.needs_of_aws(path),
            Target::Inline { holder, name, .. } => self.inline.needs(task, *holder, name),
            Target::Trust(role) => self.inline.needs_of_trust(task, role),
            Target::Bucket(_) | Target::RestApi(_) | Target::Secret(_) | Target::Function(_) => {
                let (home, name) = self.home_of(operation, &target)?;
                home.needs(task, &name)
            }
        })
    }
}
