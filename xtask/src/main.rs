//! Developer commands: `cargo xtask help`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a developer on a terminal"
)]

mod bench;
mod description;
mod peers;
mod promises;
mod servers;
mod tests;

use std::path::PathBuf;
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask test     run all tests, and check what the workspace promises of itself;
                     with options of `cargo test`, the tests that they pick
cargo xtask verify   formatting, lints, docs, dependencies, tests; changes nothing
cargo xtask fix      format, apply what clippy suggests, draw diagrams and tables in the docs
cargo xtask peers    install what we test and measure against, under target/peers, and cut
                     GitHub's description of its API for the fake in the tests
cargo xtask serve COMMAND …
                     start what stands in for AWS and for a mail server, run the command
                     beside it, stop it
cargo xtask bench    measure: `cargo xtask bench help` says what and how
cargo xtask help     this text";

/// Why a command of ours failed; printed as it is.
type Failure = String;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = args.collect();
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    let result = match (command.as_str(), rest.as_slice()) {
        ("test", options) => tests::run(options),
        ("verify", []) => verify(),
        ("fix", []) => fix(),
        ("serve", [program, arguments @ ..]) => serve(program, arguments),
        ("serve", []) => Err(format!(
            "which command shall run beside the servers?\n{HELP}"
        )),
        ("peers", []) => peers::run(None),
        ("peers", [group]) => peers::run(Some(group)),
        ("bench", options) => bench::run(options),
        ("help" | "--help" | "-h", []) => {
            println!("{HELP}");
            Ok(())
        }
        ("verify" | "fix" | "help" | "--help" | "-h", [extra, ..]) | ("peers", [_, extra, ..]) => {
            Err(format!("unexpected argument {extra:?}\n{HELP}"))
        }
        (other, _) => Err(format!("there is no command {other:?}\n{HELP}")),
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

/// Runs a command to its end, for what it prints.
fn output(command: &mut Command) -> Result<String, Failure> {
    let shown = format!("{command:?}");
    let output = command
        .output()
        .map_err(|error| format!("{shown} could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "{shown}: {}",
            String::from_utf8_lossy(&output.stderr)
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where the workspace is, and where cargo builds it.
#[derive(Debug)]
struct Places {
    root: PathBuf,
    target: PathBuf,
}

impl Places {
    fn find() -> Result<Self, Failure> {
        let metadata = output(&mut cargo(&[
            "metadata",
            "--locked",
            "--no-deps",
            "--format-version",
            "1",
        ]))?;
        let metadata: serde_json::Value = serde_json::from_str(&metadata)
            .map_err(|error| format!("cargo metadata can not be read: {error}"))?;
        let place = |name: &str| {
            metadata[name]
                .as_str()
                .map(PathBuf::from)
                .ok_or_else(|| format!("cargo metadata names no {name}"))
        };
        Ok(Self {
            root: place("workspace_root")?,
            target: place("target_directory")?,
        })
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
    tests::run(&[])
}

/// Runs a command beside the servers that stand in for AWS and for a mail server.
fn serve(program: &str, arguments: &[&str]) -> Result<(), Failure> {
    let places = Places::find()?;
    let servers = servers::Aws::start(&places)?;
    let mail = servers::Mail::start(&places)?;
    succeed(
        Command::new(program)
            .args(arguments)
            .envs(servers.environment())
            .envs(mail.environment()),
    )
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
    // The diagrams in the docs come from the state table, the calls to GitHub from the code.
    let written: [&[&str]; 2] = [
        &[
            "deprovision-core",
            "--test",
            "it",
            "--",
            "docs::the_diagrams",
        ],
        &[
            "deprovision-github",
            "--lib",
            "--",
            "call::tests::the_table",
        ],
    ];
    for arguments in written {
        succeed(
            cargo(&["test", "--package"])
                .args(arguments)
                .env("DEPROVISION_WRITE_DOCS", "1"),
        )?;
    }
    Ok(())
}
