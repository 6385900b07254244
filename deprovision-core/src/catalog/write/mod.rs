//! From a catalog to text.

mod model;
mod toml;
mod yaml;

pub(crate) use model::{field, list, table, text};
pub(crate) use yaml::write as write_yaml;

use crate::catalog::Catalog;

impl Catalog {
    /// Writes all APIs in our own form as YAML. Texts that another YAML reader could
    /// take for something else (`no`, `1.10`, `2027-01-31`) are quoted.
    ///
    /// What [`Catalog::read`] gave is read back as it was, up to
    /// [`MAX_YAML_BYTES`](crate::catalog::MAX_YAML_BYTES).
    #[must_use]
    pub fn to_yaml(&self) -> String {
        write_yaml(&model::catalog(self))
    }

    /// Writes all APIs in our own form as TOML, a table `[[apis]]` for each.
    ///
    /// What [`Catalog::read`] gave is read back as it was, up to
    /// [`MAX_TOML_BYTES`](crate::catalog::MAX_TOML_BYTES): a catalog of thousands of
    /// APIs is better written as YAML.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::write(&model::catalog(self))
    }
}
