//! One search, as the benchmark runs it: `cargo xtask bench code`.
//!
//! `code_bench [--threads N] [--list] [--commit] MARKERS FOLDER`: the file has a line for
//! every marker, the id of its API, a tab and the text. It prints the count of references;
//! with `--list` each of them instead. With `--commit`, the commit of the default branch
//! of the repository is searched twice, and the counts and seconds of both are printed.
#![expect(
    clippy::print_stdout,
    reason = "this program answers on its standard output"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use deprovision_code::{
    DefaultBranch, GitCode, GitRepositories, Markers, TreeFiles, TreeOwners, TreeSearch,
};
use deprovision_core::catalog::Api;
use deprovision_core::id::ApiId;
use deprovision_core::provider::CodeSearch;
use deprovision_core::resource::RepositoryId;

fn main() -> Result<(), Box<dyn Error>> {
    let mut threads = None;
    let (mut list, mut commit) = (false, false);
    let mut places = Vec::new();
    let mut args = std::env::args_os().skip(1);
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--threads") => {
                let count = args.next().ok_or("--threads needs a number")?;
                threads = Some(count.to_string_lossy().parse()?);
            }
            Some("--list") => list = true,
            Some("--commit") => commit = true,
            _ => places.push(PathBuf::from(arg)),
        }
    }
    let [markers, folder] = places.as_slice() else {
        return Err("code_bench [--threads N] [--list] [--commit] MARKERS FOLDER".into());
    };
    let text = std::fs::read_to_string(markers)?;
    let mut texts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in text.lines() {
        let (api, text) = line.split_once('\t').ok_or("a line without a tab")?;
        texts.entry(api).or_default().push(text);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if commit {
        return runtime.block_on(search_commit(&texts, folder));
    }
    let markers: Vec<Markers> = texts
        .into_iter()
        .map(|(api, texts)| Ok(Markers::fixed(ApiId::parse(api)?, texts)))
        .collect::<Result<_, Box<dyn Error>>>()?;
    let mut search = TreeSearch::with_markers(&markers)?
        .files(TreeFiles::All)
        .owners(TreeOwners::Nobody);
    if let Some(threads) = threads {
        search = search.threads(threads);
    }
    let found = runtime.block_on(search.search(folder))?;
    if list {
        let mut out = std::io::BufWriter::new(std::io::stdout().lock());
        for reference in &found.references {
            writeln!(
                out,
                "{}:{}:{}:{}:{}:{}:{}",
                reference.file,
                reference.line,
                reference.column,
                reference.api,
                reference.kind.name(),
                reference.confidence.name(),
                reference.marker.text
            )?;
        }
        out.flush()?;
    } else {
        println!("{}", found.references.len());
    }
    for missing in &found.missing {
        println!("missing: {missing}");
    }
    // Freeing what the system frees anyway takes time.
    std::process::exit(0)
}

/// Searches the default branch twice; the second time nothing is new.
async fn search_commit(
    texts: &BTreeMap<&str, Vec<&str>>,
    folder: &PathBuf,
) -> Result<(), Box<dyn Error>> {
    let mut repositories = GitRepositories::new();
    let id: RepositoryId = "git:bench:local:tree".parse()?;
    repositories
        .register(id.clone(), folder, DefaultBranch::Head)
        .await?;
    let code = GitCode::new(Arc::new(repositories));
    let mut apis = Vec::new();
    for (id, texts) in texts {
        let mut api = Api::new(ApiId::parse(*id)?, *id);
        api.markers = texts.iter().map(|text| (*text).to_owned()).collect();
        apis.push(api);
    }
    for _ in 0..2 {
        let start = Instant::now();
        let found = code.references_to_all(&id, &apis).await?;
        let seconds = start.elapsed().as_secs_f64();
        let count: usize = found
            .values()
            .map(|seen| seen.known_completely().map_or(0, Vec::len))
            .sum();
        println!("{count} {seconds:.4}");
    }
    Ok(())
}
