//! One command as a whole process: how long, how much work, how much memory.

use std::process::Command;

use crate::{Failure, Places, output};

/// What one run took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Run {
    /// Seconds from start to end.
    pub(crate) wall: f64,
    /// Seconds of processor time, of the program and of the kernel for it.
    pub(crate) cpu: f64,
    /// The most memory held at once, in bytes.
    pub(crate) memory: f64,
}

/// Runs a command, and gives what it took and the beginning of what it printed.
pub(crate) fn measure(places: &Places, command: &[String]) -> Result<(Run, String), Failure> {
    let shown = command.join(" ");
    let report = output(
        Command::new("python3")
            .args(["-I", "-S"])
            .arg(places.root.join("xtask/bench/measure.py"))
            .args(command),
    )?;
    read(&report).map_err(|why| format!("{shown}: {why}"))
}

fn read(report: &str) -> Result<(Run, String), Failure> {
    let report: serde_json::Value = serde_json::from_str(report)
        .map_err(|error| format!("the measurement can not be read: {error}"))?;
    let number = |name: &str| {
        report[name]
            .as_f64()
            .ok_or_else(|| format!("the measurement has no number {name:?}"))
    };
    let status = number("status")?;
    if status != 0.0 {
        return Err(format!(
            "ended with {status}: {}",
            report["err"].as_str().unwrap_or_default().trim_end()
        ));
    }
    let run = Run {
        wall: number("wall")?,
        cpu: number("user")? + number("system")?,
        memory: number("rss")?,
    };
    Ok((run, report["out"].as_str().unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn a_report_is_read_and_the_times_of_the_processor_are_added() {
        let report = r#"{"status": 0, "wall": 2.5, "user": 3.0, "system": 0.5, "rss": 4096, "out": "7\n", "err": ""}"#;
        let (run, out) = read(report).unwrap();
        assert_eq!((run.wall, run.cpu, run.memory), (2.5, 3.5, 4096.0));
        assert_eq!(out, "7\n");
    }

    #[test]
    fn a_command_that_failed_is_no_measurement() {
        let failed = r#"{"status": -9, "wall": 1, "user": 1, "system": 1, "rss": 1, "out": "", "err": "no memory\n"}"#;
        assert_eq!(read(failed).unwrap_err(), "ended with -9: no memory");
        assert!(read(r#"{"status": 0}"#).is_err());
        assert!(read("").is_err());
    }
}
