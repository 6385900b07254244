use std::io::Write as _;
use std::path::Path;

use deprovision_usage::{Depth, Input, Inputs, InputsError};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn new(names: &[&str]) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for name in names {
            place.write(name, b"text\n");
        }
        place
    }

    fn write(&self, name: &str, text: &[u8]) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn expand(&self, names: &[&str], depth: Depth) -> Result<Inputs, InputsError> {
        Inputs::expand(names.iter().map(|name| self.0.path().join(name)), depth)
    }

    /// The files by their names in the directory.
    fn files(&self, inputs: &Inputs) -> Vec<String> {
        let short = |path: &Path| {
            path.strip_prefix(self.0.path())
                .unwrap()
                .display()
                .to_string()
        };
        let name = |input: &Input| match input {
            Input::File(path) => short(path).replace('\\', "/"),
            other => format!("{other:?}"),
        };
        inputs.files.iter().map(name).collect()
    }
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(text).unwrap();
    out.finish().unwrap()
}

#[test]
fn files_patterns_and_directories_become_files_in_a_fixed_order() {
    let place = Place::new(&[
        "b.log",
        "a.log",
        "a.log.1",
        ".hidden.log",
        "more/c.log",
        "more/.d/e.log",
    ]);
    for (names, depth, files) in [
        (
            &["b.log", "a.log"][..],
            Depth::OneLevel,
            &["b.log", "a.log"][..],
        ),
        (&["*.log"], Depth::OneLevel, &["a.log", "b.log"]),
        (&["a.log*"], Depth::OneLevel, &["a.log", "a.log.1"]),
        (&["**/[bc].log"], Depth::OneLevel, &["b.log", "more/c.log"]),
        (&["."], Depth::OneLevel, &["a.log", "a.log.1", "b.log"]),
        (
            &["."],
            Depth::All,
            &["a.log", "a.log.1", "b.log", "more/c.log"],
        ),
        (
            &["b.log", "*.log", "b.log"],
            Depth::OneLevel,
            &["b.log", "a.log"],
        ),
    ] {
        let inputs = place.expand(names, depth).unwrap();
        assert_eq!(place.files(&inputs), files, "{names:?}");
        assert!(inputs.missing.is_empty() && inputs.left_out.is_empty());
    }
    let inputs = Inputs::expand(["-", "-"], Depth::OneLevel).unwrap();
    assert_eq!(inputs.files, [Input::Stdin]);
}

#[test]
fn i_9_a_missing_file_is_kept_and_a_pattern_for_nothing_is_an_error() {
    let place = Place::new(&["a.log", "empty/.hidden"]);
    let inputs = place.expand(&["a.log", "b.log"], Depth::OneLevel).unwrap();
    assert_eq!(place.files(&inputs), ["a.log"]);
    assert_eq!(inputs.missing, [place.0.path().join("b.log")]);
    for (name, wanted) in [
        ("*.txt", "no file fits"),
        ("a.log[", "is no pattern"),
        ("empty", "no file that is not hidden"),
    ] {
        let error = place.expand(&[name], Depth::OneLevel).unwrap_err();
        assert!(error.to_string().contains(wanted), "{name}: {error}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_that_is_named_like_a_pattern_is_that_file_and_a_link_leads_in_no_circle() {
    let place = Place::new(&["a[1].log", "a1.log", "in/b.log"]);
    let inputs = place.expand(&["a[1].log"], Depth::OneLevel).unwrap();
    assert_eq!(place.files(&inputs), ["a[1].log"]);
    std::os::unix::fs::symlink(place.0.path(), place.0.path().join("in/up")).unwrap();
    std::os::unix::fs::symlink(
        place.0.path().join("a1.log"),
        place.0.path().join("in/file"),
    )
    .unwrap();
    std::os::unix::fs::symlink("nowhere", place.0.path().join("in/gone")).unwrap();
    let inputs = place.expand(&["in"], Depth::All).unwrap();
    assert_eq!(place.files(&inputs), ["in/b.log", "in/file"]);
}

#[test]
fn i_9_a_packed_file_is_left_out_only_where_the_plain_one_holds_all_of_it() {
    let mut text = Vec::new();
    for number in 0..2000 {
        writeln!(text, "line {number} of a log, long enough for many blocks").unwrap();
    }
    let other: Vec<u8> = text.iter().map(u8::to_ascii_uppercase).collect();
    let late: Vec<u8> = [&text[..50_000], b"other", &text[50_005..]].concat();
    let half = |text: &[u8]| text[..text.len() / 2].to_vec();
    let zstd = |text: &[u8]| zstd::stream::encode_all(text, 1).unwrap();
    for (why, plain, name, packed, left_out) in [
        ("packed whole", text.clone(), "x.log.gz", gzip(&text), true),
        (
            "packed with zstd",
            text.clone(),
            "x.log.zst",
            zstd(&text),
            true,
        ),
        (
            "packed so far",
            text.clone(),
            "x.log.gz",
            half(&gzip(&text)),
            true,
        ),
        (
            "packed before it grew",
            text.clone(),
            "x.log.gz",
            gzip(&text[..3000]),
            true,
        ),
        (
            "unpacked so far",
            half(&text),
            "x.log.gz",
            gzip(&text),
            false,
        ),
        ("another log", other, "x.log.gz", gzip(&text), false),
        ("another later on", late, "x.log.gz", gzip(&text), false),
        ("emptied by now", Vec::new(), "x.log.gz", gzip(&text), false),
        (
            "nothing packed yet",
            text.clone(),
            "x.log.gz",
            Vec::new(),
            false,
        ),
        ("packed nothing", text.clone(), "x.log.gz", gzip(b""), false),
        ("not packed", text.clone(), "x.log.gz", text.clone(), false),
    ] {
        let place = Place::new(&[]);
        place.write("x.log", &plain);
        place.write(name, &packed);
        let inputs = place.expand(&["."], Depth::OneLevel).unwrap();
        assert_eq!(inputs.left_out.len(), usize::from(left_out), "{why}");
        assert_eq!(inputs.files.len(), 2 - usize::from(left_out), "{why}");
        if let [left] = inputs.left_out.as_slice() {
            assert!(left.packed.ends_with(name) && left.same_as.ends_with("x.log"));
            // Named alone it is read.
            let alone = place.expand(&[name], Depth::OneLevel).unwrap();
            assert_eq!(place.files(&alone), [name]);
        }
    }
}
