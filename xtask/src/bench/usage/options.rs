//! What `cargo xtask bench usage` is asked to do.

use std::path::PathBuf;

use lexopt::prelude::{Long, Short, Value, ValueExt};

use super::log::Size;
use crate::Failure;

pub(crate) const HELP: &str = "\
cargo xtask bench usage [options]   our reading of usage next to that of others

  --size SIZE    250m, 1g, 10g (the memory of a long log), callers (ten million of
                 them), or all; may be repeated; 250m and 1g unless told
  --rounds N     how often each command runs, in turn with the others; 5 unless told
  --quick        250m, one round, without mawk and GoAccess; writes nothing
  --no-write     leave docs/benchmarks.md as it is
  --data DIR     where the logs are kept; target/bench unless told (about 2 GB for 250m
                 and 1g; a directory in memory takes the disk out of the measurement)";

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) sizes: Vec<Size>,
    pub(crate) rounds: u32,
    pub(crate) quick: bool,
    pub(crate) write: bool,
    pub(crate) data: Option<PathBuf>,
}

impl Options {
    /// Nothing when help is asked for.
    pub(crate) fn parse(args: &[&str]) -> Result<Option<Self>, Failure> {
        let mut sizes = Vec::new();
        let mut rounds = None;
        let (mut quick, mut write, mut data) = (false, true, None);
        let mut parser = lexopt::Parser::from_args(args);
        let wrong = |error: lexopt::Error| format!("{error}\n{HELP}");
        while let Some(arg) = parser.next().map_err(wrong)? {
            match arg {
                Long("size") => {
                    let name: String = parser
                        .value()
                        .and_then(|name| name.parse())
                        .map_err(wrong)?;
                    sizes.extend(sizes_named(&name)?);
                }
                Long("rounds") => {
                    let number: u32 = parser
                        .value()
                        .and_then(|text| text.parse())
                        .map_err(wrong)?;
                    if number == 0 {
                        return Err("--rounds must be 1 or more".to_owned());
                    }
                    rounds = Some(number);
                }
                Long("quick") => quick = true,
                Long("no-write") => write = false,
                Long("data") => data = Some(PathBuf::from(parser.value().map_err(wrong)?)),
                Long("help") | Short('h') => return Ok(None),
                Value(word) if word == "help" => return Ok(None),
                Value(_) | Long(_) | Short(_) => return Err(wrong(arg.unexpected())),
            }
        }
        if sizes.is_empty() {
            sizes.push(Size::Quarter);
            if !quick {
                sizes.push(Size::Whole);
            }
        }
        sizes.sort();
        sizes.dedup();
        Ok(Some(Self {
            sizes,
            rounds: rounds.unwrap_or(if quick { 1 } else { 5 }),
            quick,
            write: write && !quick,
            data,
        }))
    }
}

fn sizes_named(name: &str) -> Result<Vec<Size>, Failure> {
    if name == "all" {
        return Ok(Size::ALL.to_vec());
    }
    Size::ALL
        .iter()
        .find(|size| size.name() == name)
        .map(|size| vec![*size])
        .ok_or_else(|| format!("there is no size {name:?}\n{HELP}"))
}

#[cfg(test)]
mod unit {
    use super::*;

    fn parsed(args: &[&str]) -> Options {
        Options::parse(args).unwrap().unwrap()
    }

    #[test]
    fn both_logs_of_the_promise_are_measured_five_times_unless_told_otherwise() {
        let options = parsed(&[]);
        assert_eq!(options.sizes, [Size::Quarter, Size::Whole]);
        assert_eq!((options.rounds, options.write), (5, true));
    }

    #[test]
    fn a_quick_run_measures_once_and_writes_nothing() {
        let options = parsed(&["--quick"]);
        assert_eq!(options.sizes, [Size::Quarter]);
        assert_eq!((options.rounds, options.write), (1, false));
        assert_eq!(parsed(&["--quick", "--rounds", "3"]).rounds, 3);
    }

    #[test]
    fn sizes_are_taken_once_each_and_in_order() {
        let options = parsed(&["--size", "1g", "--size=250m", "--size", "1g"]);
        assert_eq!(options.sizes, [Size::Quarter, Size::Whole]);
        assert_eq!(parsed(&["--size", "all"]).sizes, Size::ALL);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for args in [
            &["--size", "2g"][..],
            &["--rounds", "0"],
            &["--rounds", "many"],
            &["usage"],
            &["--fast"],
            &["speed"],
        ] {
            assert!(Options::parse(args).is_err(), "{args:?}");
        }
        assert_eq!(Options::parse(&["help"]), Ok(None));
    }
}
