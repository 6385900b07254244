//! What `cargo xtask bench code` is asked to do.

use lexopt::prelude::{Long, Short, Value, ValueExt};

use crate::Failure;

pub(crate) const HELP: &str = "\
cargo xtask bench code [part…] [options]   our search for references next to that of others

  parts          exact (three repositories, against git grep) and speed; both unless told
  --rounds N     how often each command runs, in turn with the others; 5 unless told
  --no-write     leave docs/benchmarks.md as it is";

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) exact: bool,
    pub(crate) speed: bool,
    pub(crate) rounds: u32,
    pub(crate) write: bool,
}

impl Options {
    /// Nothing when help is asked for.
    pub(crate) fn parse(args: &[&str]) -> Result<Option<Self>, Failure> {
        let (mut exact, mut speed) = (false, false);
        let (mut rounds, mut write) = (5, true);
        let mut parser = lexopt::Parser::from_args(args);
        let wrong = |error: lexopt::Error| format!("{error}\n{HELP}");
        while let Some(arg) = parser.next().map_err(wrong)? {
            match arg {
                Long("rounds") => {
                    let value = parser.value();
                    rounds = value.and_then(|text| text.parse()).map_err(wrong)?;
                    if rounds == 0 {
                        return Err("--rounds must be 1 or more".to_owned());
                    }
                }
                Long("no-write") => write = false,
                Long("help") | Short('h') => return Ok(None),
                Value(word) if word == "help" => return Ok(None),
                Value(word) if word == "exact" => exact = true,
                Value(word) if word == "speed" => speed = true,
                Value(word) => {
                    return Err(format!("there is no part {word:?}\n{HELP}"));
                }
                other => return Err(wrong(other.unexpected())),
            }
        }
        let all = exact == speed;
        Ok(Some(Self {
            exact: exact || all,
            speed: speed || all,
            rounds,
            write,
        }))
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn one_part_is_measured_alone_and_what_is_not_understood_is_refused() {
        let parsed = |args: &[&str]| Options::parse(args).unwrap().unwrap();
        let all = parsed(&[]);
        assert!(all.exact && all.speed && all.write && all.rounds == 5);
        let one = parsed(&["exact", "--rounds=1"]);
        assert!(one.exact && !one.speed && one.write && one.rounds == 1);
        for args in [&["--rounds", "0"][..], &["slow"], &["--fast"]] {
            assert!(Options::parse(args).is_err(), "{args:?}");
        }
        assert_eq!(Options::parse(&["help"]), Ok(None));
    }
}
