use std::process::ExitCode;
use crate::args::Args;
use deprovision_examples::Problem;
pub(crate) async fn run(_args: Args) -> Result<ExitCode, Problem> { Err("x".into()) }
