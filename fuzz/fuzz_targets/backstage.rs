//! Entities of Backstage, with descriptions inside them: what is read is written and
//! read again as it was.

#![no_main]

use deprovision_core::catalog::{Catalog, Form, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source::new("c.yaml", text).with_form(Form::Backstage);
    let Ok(mut catalog) = Catalog::read(&[source]) else {
        return;
    };
    if catalog.apis.is_empty() {
        return;
    }
    let yaml = catalog.to_backstage();
    let again = Catalog::read(&[Source::new("c.yaml", &yaml)]);
    let mut again = again.unwrap_or_else(|errors| panic!("{errors}\n{yaml}"));
    for api in catalog.apis.values_mut().chain(again.apis.values_mut()) {
        api.routes.sort();
    }
    let routes = |catalog: &Catalog| -> Vec<_> {
        catalog
            .apis
            .values()
            .map(|api| (api.id.clone(), api.routes.clone()))
            .collect()
    };
    assert_eq!(routes(&again), routes(&catalog), "{yaml}");
});
