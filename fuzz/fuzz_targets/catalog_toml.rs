//! A catalog of our own form in TOML: what is read is written and read again as it
//! was.

#![no_main]

use deprovision_core::catalog::{Catalog, Form, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Catalog::read(&[Source::new("c.toml", text).with_form(Form::Catalog)]) {
        Ok(catalog) => {
            let toml = catalog.to_toml();
            let again = Catalog::read(&[Source::new("c.toml", &toml)]);
            assert_eq!(again.as_ref(), Ok(&catalog), "{toml}");
        }
        Err(errors) => {
            for error in &errors {
                assert!(error.place.line >= 1);
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
});
