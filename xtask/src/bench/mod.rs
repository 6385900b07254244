//! `cargo xtask bench`: what we do and what others do, the same work in one run.
//! `docs/benchmarks.md` tells how to read it.

mod aim;
mod aws;
mod code;
mod contest;
mod machine;
mod marks;
mod measure;
mod notify;
mod spread;
mod usage;

use std::path::PathBuf;

use crate::{Failure, Places, cargo, succeed};

const HELP: &str = "\
cargo xtask bench aws     keys of IAM, copies to S3: `cargo xtask bench aws help` says how
cargo xtask bench code    looking for references: `cargo xtask bench code help` says how
cargo xtask bench notify  ten thousand notices by mail: `cargo xtask bench notify help` says how
cargo xtask bench usage   reading access logs: `cargo xtask bench usage help` says how";

pub(crate) fn run(args: &[&str]) -> Result<(), Failure> {
    match args {
        ["aws", options @ ..] => aws::run(options),
        ["code", options @ ..] => code::run(options),
        ["notify", options @ ..] => notify::run(options),
        ["usage", options @ ..] => usage::run(options),
        ["help" | "--help" | "-h"] => {
            println!("{HELP}");
            Ok(())
        }
        [] => Err(format!("what shall be measured?\n{HELP}")),
        [other, ..] => Err(format!("there is no bench {other:?}\n{HELP}")),
    }
}

/// Builds an example of a package of ours in release, and gives where it is.
fn build_example(
    places: &Places,
    package: &str,
    example: &str,
    options: &[&str],
) -> Result<PathBuf, Failure> {
    succeed(
        cargo(&[
            "build",
            "--release",
            "--locked",
            "--package",
            package,
            "--example",
            example,
        ])
        .args(options),
    )?;
    Ok(places.target.join("release/examples").join(example))
}
