//! An OpenAPI description: what is read can be written in our own form.

#![no_main]

use deprovision_core::catalog::{Catalog, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(id) = "orders-v1".parse() else { return };
    match Catalog::read(&[Source::openapi("o.yaml", text, id)]) {
        Ok(catalog) => {
            let yaml = catalog.to_yaml();
            let again = Catalog::read(&[Source::new("c.yaml", &yaml)]);
            let again = again.unwrap_or_else(|errors| panic!("{errors}\n{yaml}"));
            let routes = |catalog: &Catalog| -> Vec<_> {
                catalog
                    .apis
                    .values()
                    .flat_map(|api| api.routes.clone())
                    .collect()
            };
            assert_eq!(routes(&again), routes(&catalog));
        }
        Err(errors) => {
            for error in &errors {
                assert!(error.place.line >= 1);
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
});
