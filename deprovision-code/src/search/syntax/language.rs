//! How comments and strings look, by the name of a file.

/// Strings that begin and end alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quote {
    pub(super) mark: &'static [u8],
    /// Whether `\` takes the meaning of what follows.
    pub(super) escapes: bool,
    /// Whether it goes on in the next line.
    pub(super) long: bool,
}

/// A family of languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Language {
    /// What begins a comment up to the end of the line.
    pub(super) line: &'static [&'static [u8]],
    /// What begins and ends a comment, and whether it holds others of its kind.
    pub(super) blocks: &'static [(&'static [u8], &'static [u8], bool)],
    /// The longest first.
    pub(super) quotes: &'static [Quote],
    /// `r"…"`, `r#"…"#`, and `'` that may begin a lifetime.
    pub(super) rust: bool,
    /// A `#` or `--` in the middle of a word begins no comment.
    pub(super) apart: bool,
}

const fn quote(mark: &'static [u8], escapes: bool, long: bool) -> Quote {
    Quote {
        mark,
        escapes,
        long,
    }
}

const DOUBLE: Quote = quote(b"\"", true, false);
const SINGLE: Quote = quote(b"'", true, false);
const LONG_DOUBLE: Quote = quote(b"\"", true, true);
const LONG_SINGLE: Quote = quote(b"'", true, true);
const BACKTICK: Quote = quote(b"`", true, true);
const RAW_BACKTICK: Quote = quote(b"`", false, true);
const THREE_DOUBLE: Quote = quote(b"\"\"\"", true, true);
const THREE_SINGLE: Quote = quote(b"'''", true, true);

const SLASHES: &[&[u8]] = &[b"//"];
const STARS: &[(&[u8], &[u8], bool)] = &[(b"/*", b"*/", false)];
const NESTED_STARS: &[(&[u8], &[u8], bool)] = &[(b"/*", b"*/", true)];

const C: Language = Language {
    line: SLASHES,
    blocks: STARS,
    quotes: &[DOUBLE, SINGLE],
    rust: false,
    apart: false,
};
/// Java, Kotlin, Scala, Swift, C#, Dart: text blocks.
const JAVA: Language = Language {
    quotes: &[THREE_DOUBLE, DOUBLE, SINGLE],
    ..C
};
const DART: Language = Language {
    quotes: &[THREE_DOUBLE, THREE_SINGLE, DOUBLE, SINGLE],
    ..C
};
const JAVASCRIPT: Language = Language {
    quotes: &[DOUBLE, SINGLE, BACKTICK],
    ..C
};
const GO: Language = Language {
    quotes: &[DOUBLE, SINGLE, RAW_BACKTICK],
    ..C
};
const RUST: Language = Language {
    blocks: NESTED_STARS,
    quotes: &[LONG_DOUBLE],
    rust: true,
    ..C
};
const PHP: Language = Language {
    line: &[b"//", b"#"],
    quotes: &[LONG_DOUBLE, LONG_SINGLE],
    apart: true,
    ..C
};
const PYTHON: Language = Language {
    line: &[b"#"],
    blocks: &[],
    quotes: &[THREE_DOUBLE, THREE_SINGLE, DOUBLE, SINGLE],
    rust: false,
    apart: false,
};
const SHELL: Language = Language {
    line: &[b"#"],
    blocks: &[],
    quotes: &[LONG_DOUBLE, quote(b"'", false, true)],
    rust: false,
    apart: true,
};
const RUBY: Language = Language {
    line: &[b"#"],
    blocks: &[(b"\n=begin", b"\n=end", false)],
    quotes: &[DOUBLE, SINGLE],
    rust: false,
    apart: true,
};
const ELIXIR: Language = Language {
    quotes: &[THREE_DOUBLE, DOUBLE],
    ..RUBY
};
const POWERSHELL: Language = Language {
    blocks: &[(b"<#", b"#>", false)],
    quotes: &[LONG_DOUBLE, quote(b"'", false, true)],
    ..SHELL
};
const SQL: Language = Language {
    line: &[b"--"],
    blocks: STARS,
    quotes: &[quote(b"'", false, true), quote(b"\"", false, false)],
    rust: false,
    apart: false,
};
const LUA: Language = Language {
    line: &[b"--"],
    blocks: &[(b"--[[", b"]]", false)],
    quotes: &[DOUBLE, SINGLE],
    rust: false,
    apart: false,
};
const HASKELL: Language = Language {
    line: &[b"--"],
    blocks: &[(b"{-", b"-}", true)],
    quotes: &[DOUBLE],
    rust: false,
    apart: true,
};
const MARKUP: Language = Language {
    line: &[],
    blocks: &[(b"<!--", b"-->", false)],
    quotes: &[],
    rust: false,
    apart: false,
};
const STYLES: Language = Language { line: &[], ..C };

const BY_EXTENSION: &[(&[&str], Language)] = &[
    (
        &[
            "c", "h", "cc", "cpp", "cxx", "hh", "hpp", "m", "mm", "ino", "proto", "thrift", "zig",
            "v", "sv", "glsl", "wgsl",
        ],
        C,
    ),
    (
        &[
            "java", "kt", "kts", "scala", "swift", "cs", "groovy", "gradle",
        ],
        JAVA,
    ),
    (&["dart"], DART),
    (
        &[
            "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "vue", "svelte",
        ],
        JAVASCRIPT,
    ),
    (&["go"], GO),
    (&["rs"], RUST),
    (&["php"], PHP),
    (&["py", "pyi", "pyw", "pyx", "bzl", "star", "gd"], PYTHON),
    (
        &[
            "sh", "bash", "zsh", "fish", "ksh", "awk", "tcl", "pl", "pm", "r", "jl", "nim",
        ],
        SHELL,
    ),
    (&["rb", "rake", "gemspec", "cr", "coffee"], RUBY),
    (&["ex", "exs"], ELIXIR),
    (&["ps1", "psm1", "psd1"], POWERSHELL),
    (&["sql", "adb", "ads", "vhd"], SQL),
    (&["lua"], LUA),
    (&["hs", "elm", "purs"], HASKELL),
    (&["graphql", "gql"], PYTHON),
    (
        &["xsl", "xslt", "xhtml", "jsp", "erb", "cshtml", "razor"],
        MARKUP,
    ),
    (&["css", "scss", "less", "sass"], STYLES),
];

/// How a file is written, by its name in lower case, or else by the program that its
/// first line names.
pub(crate) fn language_of(name: &str, bytes: &[u8]) -> Option<&'static Language> {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let known = |extension: &str| {
        BY_EXTENSION
            .iter()
            .find(|(extensions, _)| extensions.contains(&extension))
            .map(|(_, language)| language)
    };
    if let Some(language) = known(extension) {
        return Some(language);
    }
    let first = bytes.strip_prefix(b"#!")?;
    let first = first.split(|byte| *byte == b'\n').next()?;
    let first = String::from_utf8_lossy(first.get(..200).unwrap_or(first)).into_owned();
    let mut words = first
        .split([' ', '/', '\t', '\r'])
        .filter(|word| !word.is_empty());
    let program = words.find(|word| {
        !["usr", "bin", "env", "local", "opt", "sbin"].contains(word) && !word.starts_with('-')
    })?;
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    known(match program {
        "python" | "pypy" => "py",
        "node" | "deno" | "bun" => "js",
        "ruby" => "rb",
        "php" => "php",
        "lua" => "lua",
        "perl" | "sh" | "bash" | "zsh" | "ksh" | "dash" | "ash" | "fish" | "awk" | "tclsh" => "sh",
        _ => return None,
    })
}
