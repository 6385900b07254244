//! Shows every notice about the APIs of a catalog: as a message, a page and a text, in
//! English or German, and sends them to a local mail server where that is asked for.
#![expect(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a program of the command line talks to people there"
)]

mod args;
mod facts;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use deprovision_core::catalog::{Api, Catalog, Source};
use deprovision_core::provider::error_chain;
use deprovision_core::time::{Clock as _, SystemClock, Timestamp};
use deprovision_examples::Problem;
use deprovision_notify::{
    Channel as _, Letter, MailWriter, Security, Sender, Sent, SmtpChannel, SmtpConfig, Templates,
};

use crate::args::{Args, Asked};

/// A shop whose owner works in Berlin.
const SHOP: &str = include_str!("catalog.yaml");

/// How long one letter may take to be taken.
const DEADLINE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let args = match args::read(std::env::args_os().skip(1)) {
        Ok(Asked::Help) => {
            println!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Asked::Preview(args)) => args,
        Err(problem) => return refuse(&problem),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(run(&args)),
        Err(problem) => return refuse(&format!("nothing can be run: {problem}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => refuse(&error_chain(problem.as_ref())),
    }
}

fn refuse(problem: &str) -> ExitCode {
    eprintln!("notify_preview: {problem}");
    ExitCode::from(2)
}

async fn run(args: &Args) -> Result<(), Problem> {
    let clock = Arc::new(SystemClock::new());
    let writer = writer(args)?;
    let catalog = catalog(args)?;
    let letters = letters(&catalog, args, clock.now())?;
    std::fs::create_dir_all(&args.out)
        .map_err(|error| format!("--out: {} can not be made: {error}", args.out.display()))?;
    for (name, letter) in &letters {
        let mail = writer.write(letter, clock.now())?;
        let words = mail.words();
        write(&args.out, name, "eml", mail.bytes())?;
        write(&args.out, name, "html", words.html.as_bytes())?;
        write(&args.out, name, "txt", words.text.as_bytes())?;
        println!("{name:<32}  {}", words.subject);
    }
    println!(
        "{} notices are in {}, each as .eml, .html and .txt",
        letters.len(),
        args.out.display()
    );
    let Some((host, port)) = &args.smtp else {
        return Ok(());
    };
    let mut config = SmtpConfig::new(host);
    config.port = Some(*port);
    config.security = Security::DangerousPlain;
    let channel = SmtpChannel::new(config, None, writer, clock)?;
    for (name, letter) in &letters {
        match channel.send(letter, DEADLINE).await {
            Sent::Accepted { .. } => {}
            Sent::Refused { why }
            | Sent::NotSent { why, .. }
            | Sent::Broken { why }
            | Sent::Unsure { why } => {
                return Err(format!("--smtp: {name} was not taken: {why}").into());
            }
        }
    }
    println!("{} notices were taken by {host}:{port}", letters.len());
    Ok(())
}

/// English of the crate, German of this example, and what the user has.
fn writer(args: &Args) -> Result<MailWriter, Problem> {
    let german = Path::new(env!("CARGO_MANIFEST_DIR")).join("notify_preview/templates");
    let mut templates = Templates::builder().directory(german)?;
    if let Some(own) = &args.templates {
        templates = templates.directory(own)?;
    }
    let sender = Sender::new("apis@example.com".parse()?).named("API Platform");
    Ok(MailWriter::new(sender, Arc::new(templates.build()?))?)
}

fn catalog(args: &Args) -> Result<Catalog, Problem> {
    let (name, text) = match &args.catalog {
        None => ("the shop".to_owned(), SHOP.to_owned()),
        Some(path) => {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| format!("--catalog: {name} can not be read: {error}"))?;
            (name, text)
        }
    };
    let catalog = Catalog::read(&[Source::new(&name, &text)])
        .map_err(|errors| format!("the catalog can not be used:\n{errors}"))?;
    for id in &args.apis {
        if !catalog.apis.contains_key(id) {
            return Err(format!("--api: the catalog has no {id}").into());
        }
    }
    if catalog.apis.is_empty() {
        return Err(format!("{name} has no API, so that there is nothing to tell").into());
    }
    Ok(catalog)
}

/// All letters, each with the name of its files: of each API alone, and of all together.
fn letters(
    catalog: &Catalog,
    args: &Args,
    now: Timestamp,
) -> Result<Vec<(String, Letter)>, Problem> {
    let is_wanted = |api: &&Api| args.apis.is_empty() || args.apis.contains(&api.id);
    let apis: Vec<&Api> = catalog.apis.values().filter(is_wanted).collect();
    let mut letters = Vec::new();
    for stage in facts::STAGES {
        for api in &apis {
            let to = facts::recipient(Some(api), args)?;
            let notice = facts::notice(catalog, api, stage, to, now)?;
            letters.push((format!("{stage}-{}", api.id), Letter::of(vec![notice])?));
        }
        if apis.len() > 1 {
            let to = facts::recipient(apis.first().copied(), args)?;
            let notices: Result<Vec<_>, Problem> = apis
                .iter()
                .map(|api| facts::notice(catalog, api, stage, to.clone(), now))
                .collect();
            letters.push((format!("{stage}-all"), Letter::of(notices?)?));
        }
    }
    Ok(letters)
}

fn write(folder: &Path, name: &str, kind: &str, bytes: &[u8]) -> Result<(), Problem> {
    let path = folder.join(format!("{name}.{kind}"));
    std::fs::write(&path, bytes)
        .map_err(|error| format!("--out: {} can not be written: {error}", path.display()).into())
}
