//! What was measured, in which version.

use std::path::Path;
use std::process::Command;

use crate::Failure;
use crate::bench::machine::first_line;

/// All of them, in one line.
pub(crate) fn of(python: &Path) -> Result<String, Failure> {
    let script = "import duckdb, polars, platform; print('DuckDB', duckdb.__version__ + ',', \
                  'Polars', polars.__version__ + ',', 'Python', platform.python_version())";
    let mut versions = vec![
        first_line(Command::new("rustc").arg("--version"))?,
        first_line(Command::new(python).args(["-c", script]))?,
    ];
    for (program, option) in [
        ("mawk", "-W version"),
        ("goaccess", "--version"),
        ("rg", "--version"),
        ("wc", "--version"),
        ("zcat", "--version"),
    ] {
        // One that this run did without is not there, or need not be.
        let version = first_line(Command::new(program).args(option.split(' ')));
        versions.extend(version.map(|line| {
            let line = line.trim_end_matches('.');
            line.replace(" - ", " ")
        }));
    }
    Ok(versions.join(", "))
}
