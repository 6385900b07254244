//! A policy: what is read is written and read again as it was, and has a digest.

#![no_main]

use deprovision_core::policy::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(policy) = Policy::from_toml("policy.toml", text) else {
        return;
    };
    let toml = policy.to_toml().unwrap_or_else(|error| panic!("{error}"));
    match Policy::from_toml("policy.toml", &toml) {
        Ok(again) => assert_eq!(again, policy, "{toml}"),
        Err(error) => panic!("{error}\n{toml}"),
    }
    assert!(policy.digest().is_ok());
});
