//! One pass over a tree, with as many threads as are wanted.
//!
//! Over 400 lines because settings, walk and what the threads bring together belong to
//! one search; reading, git and results have files of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use deprovision_core::catalog::Catalog;
use deprovision_core::id::ApiId;
use deprovision_core::provider::CodeOwner;
use ignore::{WalkBuilder, WalkState};

use super::found::{SearchProgress, TreeError, TreeFound};
use super::git::{WorkTree, is_repository, usual_program};
use super::read::{Reader, Searched, path_bytes, path_of};
use crate::git::printable;
use crate::search::beneath::Folder;
use crate::search::file::FileSearched;
use crate::search::find::in_lfs;
use crate::search::owners::CodeOwners;
use crate::search::{Markers, Scanner};

/// Which files of a tree are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TreeFiles {
    /// What belongs to the repository: what is tracked, and what is not ignored. Other
    /// repositories in the tree (submodules, clones) are left out, and said.
    #[default]
    Unignored,
    /// Everything but `.git`.
    All,
}

/// Who is named as the owner of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TreeOwners {
    /// Nobody: the fastest.
    Nobody,
    /// Who `CODEOWNERS` names.
    CodeOwners,
    /// Who `CODEOWNERS` names, or else who changed the file last, as git knows. In a
    /// long history that takes its time.
    #[default]
    LastAuthors,
}

/// Finds the references to all APIs in a tree of files, as it lies on disk.
///
/// Hidden files are searched, links are not followed, nothing outside of the tree is
/// read. Files with a NUL byte among their first 8000 are binary, as for git. UTF-16 is
/// read. What can not be read (no permission, UTF-32, more than 64 MiB, a pointer of Git
/// LFS) is said in [`TreeFound::missing`].
///
/// [`GitCode`](crate::GitCode) looks at a committed version instead; that is what a
/// retirement goes by. This one is for looking around, fast.
///
/// ```
/// use deprovision_code::TreeSearch;
/// use deprovision_core::catalog::{Api, Catalog, Method, Route};
/// use deprovision_core::id::ApiId;
/// use deprovision_core::provider::{Confidence, ReferenceKind};
///
/// let tree = tempfile::tempdir()?;
/// std::fs::write(tree.path().join("client.py"), "requests.get('/v1/orders')\n")?;
/// let mut orders = Api::new(ApiId::parse("orders-v1")?, "Orders");
/// orders.routes.push(Route::new(Method::Get, "/v1/orders/{id}"));
///
/// let search = TreeSearch::of(&Catalog::new([orders]))?;
/// # let runtime = tokio::runtime::Builder::new_current_thread().build()?;
/// # runtime.block_on(async {
/// let found = search.search(tree.path()).await?;
/// let reference = &found.references[0];
/// assert_eq!(reference.api.as_str(), "orders-v1");
/// assert_eq!((reference.line, reference.column), (1, 15));
/// assert_eq!(reference.kind, ReferenceKind::Call);
/// assert_eq!(reference.confidence, Confidence::High);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TreeSearch {
    scanner: Arc<Scanner>,
    doubts: BTreeMap<ApiId, Vec<String>>,
    files: TreeFiles,
    owners: TreeOwners,
    threads: usize,
    program: PathBuf,
    progress: Arc<SearchProgress>,
}

impl TreeSearch {
    /// For all APIs of a catalog.
    ///
    /// # Errors
    /// [`TreeError::Markers`] when there is more to search for than fits into memory.
    pub fn of(catalog: &Catalog) -> Result<Self, TreeError> {
        Self::with_markers(&Markers::of_all(catalog))
    }

    /// For these markers.
    ///
    /// # Errors
    /// [`TreeError::Markers`] when there is more to search for than fits into memory.
    pub fn with_markers<'a>(
        markers: impl IntoIterator<Item = &'a Markers> + Clone,
    ) -> Result<Self, TreeError> {
        let scanner = Scanner::of_all(markers.clone());
        let scanner = scanner.map_err(|error| TreeError::Markers(error.into()))?;
        let doubts = markers.into_iter().filter_map(|markers| {
            let doubts = markers.doubts().to_vec();
            (!doubts.is_empty()).then(|| (markers.api().clone(), doubts))
        });
        Ok(Self {
            doubts: doubts.collect(),
            scanner: Arc::new(scanner),
            files: TreeFiles::default(),
            owners: TreeOwners::default(),
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            program: usual_program(),
            progress: Arc::default(),
        })
    }

    /// Which files; those that belong to the repository by default.
    #[must_use]
    pub fn files(mut self, files: TreeFiles) -> Self {
        self.files = files;
        self
    }

    /// Whom to name as owners; the last authors too, by default.
    #[must_use]
    pub fn owners(mut self, owners: TreeOwners) -> Self {
        self.owners = owners;
        self
    }

    /// With so many threads, at least one; as many as there are processors by default.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads.clamp(1, 256);
        self
    }

    /// Another git program than the one that `PATH` finds.
    #[must_use]
    pub fn with_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// How far the search is; it goes on counting over several trees.
    #[must_use]
    pub fn progress(&self) -> Arc<SearchProgress> {
        self.progress.clone()
    }

    /// What the markers of each API do not cover.
    #[must_use]
    pub fn doubts(&self) -> &BTreeMap<ApiId, Vec<String>> {
        &self.doubts
    }

    /// Searches the tree below a folder.
    ///
    /// # Errors
    /// [`TreeError`] when the folder can not be opened. A file that can not be read is
    /// no error: it is said in [`TreeFound::missing`].
    pub async fn search(&self, folder: impl AsRef<Path>) -> Result<TreeFound, TreeError> {
        let folder = folder.as_ref();
        let failed = |source| TreeError::Folder {
            folder: folder.to_owned(),
            source,
        };
        let root = tokio::fs::canonicalize(folder).await.map_err(failed)?;
        let opened = Arc::new(Folder::open(&root).map_err(failed)?);
        let walking = self.spawn(&root, &opened, |search, root, opened| {
            search.walk(root, opened)
        });
        let mut collected = Collected::default();
        let mut work_tree = None;
        let mut tracked = Vec::new();
        let by_git = self.files == TreeFiles::Unignored || self.owners == TreeOwners::LastAuthors;
        if by_git && is_repository(&root) {
            match self.ask_git(&root).await {
                Ok(known) => {
                    collected.nested.extend(known.submodules);
                    tracked = known.tracked;
                    work_tree = Some(known.work_tree);
                }
                Err(error) => collected.missing.push(format!(
                    "files that are tracked though ignored, and submodules: {}",
                    deprovision_core::provider::error_chain(&error)
                )),
            }
        }
        collected.add(walking.await.map_err(stopped)?);
        if !tracked.is_empty() {
            let more = self.spawn(&root, &opened, move |search, _, opened| {
                search.read_all(&tracked, opened)
            });
            collected.add(more.await.map_err(stopped)?);
        }
        let mut found = collected.finish(self.files);
        if self.owners != TreeOwners::Nobody {
            let owners = CodeOwners::in_folder(&opened);
            for reference in &mut found.references {
                reference.owner = owners.of(&reference.file).map(CodeOwner::Named);
            }
        }
        if let (TreeOwners::LastAuthors, Some(work_tree)) = (self.owners, work_tree)
            && let Err(error) = work_tree.add_last_authors(&mut found.references).await
        {
            found.missing.push(format!(
                "who changed the files last: {}",
                deprovision_core::provider::error_chain(&error)
            ));
        }
        Ok(found)
    }

    fn spawn(
        &self,
        root: &Path,
        opened: &Arc<Folder>,
        work: impl FnOnce(&Self, &Path, &Folder) -> Collected + Send + 'static,
    ) -> tokio::task::JoinHandle<Collected> {
        let (search, root, opened) = (self.clone(), root.to_owned(), opened.clone());
        tokio::task::spawn_blocking(move || work(&search, &root, &opened))
    }

    async fn ask_git(&self, root: &Path) -> Result<Known, crate::error::GitError> {
        let work_tree = WorkTree::at(&self.program, root).await?;
        let (mut tracked, mut submodules) = (Vec::new(), BTreeSet::new());
        if self.files == TreeFiles::Unignored {
            tracked = work_tree.tracked_though_ignored().await?;
            if root.join(".gitmodules").symlink_metadata().is_ok() {
                submodules = work_tree.submodules().await?;
            }
        }
        Ok(Known {
            work_tree,
            tracked,
            submodules,
        })
    }

    fn walk(&self, root: &Path, opened: &Folder) -> Collected {
        let ignoring = self.files == TreeFiles::Unignored;
        let (sender, receiver) = mpsc::channel::<Event>();
        let nested = sender.clone();
        let mut builder = WalkBuilder::new(root);
        builder
            .standard_filters(false)
            .git_ignore(ignoring)
            .git_exclude(ignoring)
            .require_git(false)
            .follow_links(false)
            .threads(self.threads)
            .filter_entry(move |entry| {
                if entry.file_name() != ".git" {
                    return true;
                }
                if entry.depth() > 1 && ignoring {
                    let parent = entry.path().parent().map(Path::to_owned);
                    // Nobody listens only when everything is over.
                    let _ = nested.send(Event::Nested(parent.unwrap_or_default()));
                }
                false
            });
        let walk = builder.build_parallel();
        // It holds a sender too.
        drop(builder);
        std::thread::scope(|scope| {
            let collecting = scope.spawn(move || {
                let mut collected = Collected::default();
                for event in receiver {
                    collected.take(root, event);
                }
                collected
            });
            walk.run(|| {
                let sender = sender.clone();
                let mut reader = Reader::new(opened, &self.scanner);
                let mut counts = Counts::new(sender.clone());
                Box::new(move |entry| {
                    match entry {
                        Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                            let path = entry.path().strip_prefix(root);
                            let searched = reader.search(path.unwrap_or(entry.path()));
                            self.note(searched, &mut counts, &sender);
                        }
                        Ok(_) => {}
                        Err(error) => {
                            let _ = sender.send(Event::Missing(error.to_string()));
                        }
                    }
                    WalkState::Continue
                })
            });
            drop(sender);
            collecting.join().unwrap_or_else(|_| Collected {
                missing: vec!["the search of the tree broke off".to_owned()],
                ..Collected::default()
            })
        })
    }

    fn read_all(&self, paths: &[Vec<u8>], opened: &Folder) -> Collected {
        let (sender, receiver) = mpsc::channel();
        let mut reader = Reader::new(opened, &self.scanner);
        let mut counts = Counts::new(sender.clone());
        for path in paths {
            self.note(reader.search(&path_of(path)), &mut counts, &sender);
        }
        drop((counts, sender));
        let mut collected = Collected::default();
        for event in receiver {
            collected.take(Path::new(""), event);
        }
        collected
    }

    /// Counts a file, and sends on what there is to say of it.
    fn note(&self, searched: Searched, counts: &mut Counts, sender: &mpsc::Sender<Event>) {
        let references = match &searched.outcome {
            Ok(FileSearched::Text(references)) => references.len(),
            Ok(FileSearched::Binary) => {
                counts.binary += 1;
                0
            }
            Ok(FileSearched::Unread(_) | FileSearched::Elsewhere) | Err(_) => 0,
        };
        counts.files += 1;
        counts.bytes += searched.bytes;
        self.progress.read(searched.bytes, references);
        let silent = match &searched.outcome {
            Ok(FileSearched::Text(references)) => references.is_empty(),
            Ok(FileSearched::Binary) => true,
            Ok(FileSearched::Unread(_) | FileSearched::Elsewhere) | Err(_) => false,
        };
        if !silent {
            let _ = sender.send(Event::File(searched));
        }
    }
}

fn stopped(error: tokio::task::JoinError) -> TreeError {
    TreeError::Stopped(error.into())
}

struct Known {
    work_tree: WorkTree,
    tracked: Vec<Vec<u8>>,
    submodules: BTreeSet<Vec<u8>>,
}

#[derive(Debug)]
enum Event {
    File(Searched),
    Missing(String),
    /// A folder with a repository of its own.
    Nested(PathBuf),
    Counted {
        files: u64,
        bytes: u64,
        binary: u64,
    },
}

/// The counts of one thread, sent when it ends.
struct Counts {
    files: u64,
    bytes: u64,
    binary: u64,
    sender: mpsc::Sender<Event>,
}

impl Counts {
    fn new(sender: mpsc::Sender<Event>) -> Self {
        Self {
            files: 0,
            bytes: 0,
            binary: 0,
            sender,
        }
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        let _ = self.sender.send(Event::Counted {
            files: self.files,
            bytes: self.bytes,
            binary: self.binary,
        });
    }
}

/// What came together, by path.
#[derive(Debug, Default)]
struct Collected {
    files: BTreeMap<Vec<u8>, FileSearched>,
    missing: Vec<String>,
    nested: BTreeSet<Vec<u8>>,
    read: u64,
    bytes: u64,
    binary: u64,
}

impl Collected {
    fn take(&mut self, root: &Path, event: Event) {
        match event {
            Event::File(searched) => match searched.outcome {
                Ok(outcome) => {
                    self.files.insert(searched.path, outcome);
                }
                Err(error) => {
                    let file = printable(&searched.path);
                    self.missing
                        .push(format!("{file} can not be read: {error}"));
                }
            },
            Event::Missing(what) => self.missing.push(what),
            Event::Nested(folder) => {
                let folder = folder.strip_prefix(root).unwrap_or(&folder);
                self.nested.insert(path_bytes(folder));
            }
            Event::Counted {
                files,
                bytes,
                binary,
            } => {
                self.read += files;
                self.bytes += bytes;
                self.binary += binary;
            }
        }
    }

    fn add(&mut self, more: Self) {
        self.files.extend(more.files);
        self.missing.extend(more.missing);
        self.nested.extend(more.nested);
        self.read += more.read;
        self.bytes += more.bytes;
        self.binary += more.binary;
    }

    fn finish(self, files: TreeFiles) -> TreeFound {
        let mut found = TreeFound {
            missing: self.missing,
            files: self.read,
            bytes: self.bytes,
            binary: self.binary,
            ..TreeFound::default()
        };
        found.missing.sort();
        let nested = match files {
            TreeFiles::Unignored => self.nested,
            TreeFiles::All => BTreeSet::new(),
        };
        let in_another = |path: &[u8]| {
            let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            ends.into_iter()
                .any(|(end, _)| nested.contains(&path[..end]))
        };
        let mut elsewhere = Vec::new();
        for (path, searched) in self.files {
            if in_another(&path) {
                continue;
            }
            match searched {
                FileSearched::Text(references) => {
                    let references = references.into_iter().map(|(reference, _)| reference);
                    found.references.extend(references);
                }
                FileSearched::Unread(why) => {
                    found.missing.push(format!("{}: {why}", printable(&path)));
                }
                FileSearched::Elsewhere => elsewhere.push(printable(&path)),
                FileSearched::Binary => {}
            }
        }
        found.missing.extend(in_lfs(&elsewhere));
        let outer = nested.iter().filter(|path| !in_another(path));
        found.missing.extend(outer.map(|path| {
            format!(
                "{} is a repository of its own; search it on its own",
                printable(path)
            )
        }));
        found
    }
}
