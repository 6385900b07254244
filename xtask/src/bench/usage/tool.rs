//! The programs that are measured, and how much they are asked.

/// A program that is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Ours,
    /// Ours beside a catalog of 100,000 routes.
    OursManyRoutes,
    DuckDb,
    /// Splits at every blank, also between quotes: right on this log only.
    DuckDbBlanks,
    Polars,
    /// As DuckDB's.
    PolarsBlanks,
    Mawk,
    GoAccess,
    /// A floor: counts line ends.
    Wc,
    /// A floor: counts lines.
    Rg,
    /// A floor: unpacks.
    Zcat,
    /// What a script costs before its first line is read.
    DuckDbStart,
    PolarsStart,
}

impl Tool {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "**deprovision**",
            Self::OursManyRoutes => "**deprovision**, 100,000 routes",
            Self::DuckDb => "DuckDB, tuned",
            Self::DuckDbBlanks => "DuckDB, tuned, blind to quotes",
            Self::Polars => "Polars, tuned",
            Self::PolarsBlanks => "Polars, tuned, blind to quotes",
            Self::Mawk => "mawk",
            Self::GoAccess => "GoAccess, its own report",
            Self::Wc => "`wc -l`",
            Self::Rg => "`rg -c ''`",
            Self::Zcat => "`zcat` alone",
            Self::DuckDbStart => "DuckDB, started and stopped",
            Self::PolarsStart => "Polars, started and stopped",
        }
    }

    /// Programs of the system that it needs.
    pub(crate) fn needs(self) -> &'static [&'static str] {
        match self {
            Self::Ours | Self::OursManyRoutes => &[],
            Self::DuckDb
            | Self::DuckDbBlanks
            | Self::Polars
            | Self::PolarsBlanks
            | Self::DuckDbStart
            | Self::PolarsStart => &["python3"],
            Self::Mawk => &["mawk"],
            Self::GoAccess => &["goaccess"],
            Self::Wc => &["wc"],
            Self::Rg => &["rg"],
            Self::Zcat => &["zcat", "gzip"],
        }
    }

    /// Whether it takes so long that one round says enough.
    pub(crate) fn runs_once(self) -> bool {
        match self {
            Self::GoAccess => true,
            Self::Ours
            | Self::OursManyRoutes
            | Self::DuckDb
            | Self::DuckDbBlanks
            | Self::Polars
            | Self::PolarsBlanks
            | Self::Mawk
            | Self::Wc
            | Self::Rg
            | Self::Zcat
            | Self::DuckDbStart
            | Self::PolarsStart => false,
        }
    }

    /// Whether a quick run leaves it out.
    pub(crate) fn is_slow(self) -> bool {
        matches!(self, Self::Mawk | Self::GoAccess)
    }
}

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Requests per route and day.
    Count,
    /// Also the distinct callers of each route, exactly, and the errors.
    Full,
    /// Something else: a floor.
    Floor,
}

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Full => "full",
            Self::Floor => "floor",
        }
    }
}
