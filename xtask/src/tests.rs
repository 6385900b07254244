//! `cargo xtask test`: start the servers, run everything, count, and fail when nothing ran.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::servers::{Aws, Mail};
use crate::{Failure, Places, cargo, peers, promises};

/// How many tests ran.
#[derive(Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
}

/// Runs all tests, or those that the options of `cargo test` pick.
pub(crate) fn run(options: &[&str]) -> Result<(), Failure> {
    let all = ["--workspace", "--all-features", "--no-fail-fast"];
    let options = if options.is_empty() {
        promises::check()?;
        &all
    } else {
        options
    };
    let places = Places::find()?;
    let servers = Aws::start(&places)?;
    let mail = Mail::start(&places)?;
    let mut child = cargo(&["test", "--locked"])
        .args(options)
        .envs(servers.environment())
        .envs(mail.environment())
        .env("DEPROVISION_WEBHOOKS_PYTHON", peers::webhooks(&places)?)
        .env("DEPROVISION_CARDS", peers::cards(&places)?)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cargo test could not be started: {error}"))?;
    let mut count = Count::default();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line =
                line.map_err(|error| format!("the output of cargo test broke off: {error}"))?;
            count.add(&line);
            println!("{line}");
        }
    }
    let status = child
        .wait()
        .map_err(|error| format!("cargo test was lost: {error}"))?;
    println!("{} passed, {} failed", count.passed, count.failed);
    if !status.success() || count.failed > 0 {
        return Err("tests failed".to_owned());
    }
    if count.passed == 0 {
        return Err("no test ran".to_owned());
    }
    Ok(())
}

impl Count {
    /// Adds a closing line of a test binary: `test result: ok. 3 passed; 0 failed; …`.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            if let (Some(Ok(number)), Some(what)) =
                (words.next().map(str::parse::<u64>), words.next())
            {
                match what {
                    "passed" => self.passed += number,
                    "failed" => self.failed += number,
                    _ => {}
                }
            }
        }
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn closing_lines_are_counted_and_others_are_not() {
        let mut count = Count::default();
        count.add("test result: ok. 34 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out");
        count.add("test result: FAILED. 3 passed; 2 failed; 0 ignored");
        count.add("test a ... ok, 7 passed");
        assert_eq!(
            count,
            Count {
                passed: 37,
                failed: 2
            }
        );
    }
}
