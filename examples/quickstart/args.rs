//! What may be said on the command line.

use std::path::PathBuf;

use deprovision_examples::shop::Problem;

/// What is shown when asked.
pub(crate) const HELP: &str = "\
Retires version 1 of an orders API, for real, on this machine.

usage: cargo run --release --example quickstart -- [OPTIONS]

  --dir DIR   where everything is kept; an existing one is gone on with
              (default: a fresh temporary directory, which stays)
  --object    somebody objects on the way, and the retirement is held
  --cancel    it is called off late, and everything is restored
  --crash     the process is killed in the middle, and the next one goes on
  --help      this text

Ctrl-C stops it at any moment (exit code 130); --dir DIR goes on from there.";

/// How the story goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// To the end.
    Straight,
    /// Somebody objects.
    Object,
    /// It is called off.
    Cancel,
    /// The process is killed.
    Crash,
}

/// The command line, read.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) dir: Option<PathBuf>,
    pub(crate) ending: Ending,
    pub(crate) help: bool,
    /// Set for the process that is to be killed: it says where it is.
    pub(crate) victim: bool,
}

/// Reads the command line.
pub(crate) fn read() -> Result<Args, Problem> {
    use lexopt::prelude::{Long, Short, Value};
    let mut args = Args {
        dir: None,
        ending: Ending::Straight,
        help: false,
        victim: false,
    };
    let mut parser = lexopt::Parser::from_env();
    let choose = |args: &mut Args, ending| {
        if args.ending != Ending::Straight && args.ending != ending {
            return Err("only one of --object, --cancel and --crash can be shown at a time");
        }
        args.ending = ending;
        Ok(())
    };
    while let Some(arg) = parser.next()? {
        match arg {
            Long("dir") => args.dir = Some(parser.value()?.into()),
            Long("object") => choose(&mut args, Ending::Object)?,
            Long("cancel") => choose(&mut args, Ending::Cancel)?,
            Long("crash") => choose(&mut args, Ending::Crash)?,
            Long("victim") => args.victim = true,
            Long("help") | Short('h') => args.help = true,
            Long(_) | Short(_) | Value(_) => {
                return Err(format!("{}\n\n{HELP}", arg.unexpected()).into());
            }
        }
    }
    Ok(args)
}
