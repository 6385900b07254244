//! Developer commands: `cargo xtask help`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a developer on a terminal"
)]

mod promises;
mod tests;

use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask test     run all tests, and check what the workspace promises of itself
cargo xtask verify   formatting, lints, docs, dependencies, tests; changes nothing
cargo xtask fix      format, apply what clippy suggests, draw the diagrams in the docs
cargo xtask help     this text";

/// Why a command of ours failed; printed as it is.
type Failure = String;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_else(|| "help".to_owned());
    let result = match (command.as_str(), args.next()) {
        (_, Some(extra)) => Err(format!("unexpected argument {extra:?}\n{HELP}")),
        ("test", None) => tests::run(),
        ("verify", None) => verify(),
        ("fix", None) => fix(),
        ("help" | "--help" | "-h", None) => {
            println!("{HELP}");
            Ok(())
        }
        (other, None) => Err(format!("there is no command {other:?}\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Cargo as it runs us.
fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Runs a command to its end.
fn succeed(command: &mut Command) -> Result<(), Failure> {
    let shown = format!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{shown}: {status}")),
        Err(error) => Err(format!("{shown} could not be started: {error}")),
    }
}

fn verify() -> Result<(), Failure> {
    succeed(&mut cargo(&["fmt", "--all", "--check"]))?;
    succeed(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    succeed(
        cargo(&[
            "doc",
            "--workspace",
            "--no-deps",
            "--all-features",
            "--locked",
        ])
        .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    succeed(&mut cargo(&[
        "deny",
        "--all-features",
        "--locked",
        "check",
        "-D",
        "warnings",
        "bans",
        "licenses",
        "sources",
    ]))?;
    tests::run()
}

fn fix() -> Result<(), Failure> {
    succeed(&mut cargo(&[
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--fix",
        "--allow-dirty",
        "--allow-staged",
    ]))?;
    succeed(&mut cargo(&["fmt", "--all"]))?;
    // The diagrams in the docs come from the state table.
    succeed(
        cargo(&[
            "test",
            "--package",
            "deprovision-core",
            "--test",
            "it",
            "--",
            "docs::the_diagrams",
        ])
        .env("DEPROVISION_WRITE_DOCS", "1"),
    )
}
