//! A catalog of our own form in YAML or JSON: what is read is written and read again
//! as it was, and every mistake says where it is.

#![no_main]

use deprovision_core::catalog::{Catalog, Form, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Catalog::read(&[Source::new("c.yaml", text).with_form(Form::Catalog)]) {
        Ok(catalog) => {
            let yaml = catalog.to_yaml();
            let again = Catalog::read(&[Source::new("c.yaml", &yaml)]);
            assert_eq!(again.as_ref(), Ok(&catalog), "{yaml}");
            for lint in catalog.lint() {
                assert!(!lint.to_string().contains('\n'));
            }
        }
        Err(errors) => {
            assert!(!errors.is_empty());
            for error in &errors {
                assert!(error.place.line >= 1);
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
});
