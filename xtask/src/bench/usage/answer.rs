//! What is true of a log, and whether an answer says so.

use crate::Failure;

/// The usage question, answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// Lines of the log.
    pub(crate) lines: u64,
    /// Pairs of a route and a day on which it was called.
    pub(crate) route_days: u64,
    /// Routes that were called.
    pub(crate) routes: u64,
    /// Pairs of a route and one of its callers.
    pub(crate) pairs: u64,
    /// Callers over all routes.
    pub(crate) callers: u64,
    /// Requests answered with a status of 400 or more.
    pub(crate) errors: u64,
}

/// How much of the question a command answers, in its own form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// Nothing: it unpacks, or only starts.
    Nothing,
    /// The number of lines, first of all it prints.
    Lines,
    /// Our line up to the routes.
    Count,
    /// Our line, `lines,route_days,routes,pairs,callers,errors`.
    Full,
    /// GoAccess' report in JSON.
    GoAccess,
}

impl Says {
    /// Whether what a command printed is the truth.
    pub(crate) fn check(self, printed: &str, truth: &Answer) -> Result<(), Failure> {
        let expected = [
            truth.lines,
            truth.route_days,
            truth.routes,
            truth.pairs,
            truth.callers,
            truth.errors,
        ];
        let (asked, said) = match self {
            Self::Nothing => return Ok(()),
            Self::Lines => (1, first_number(printed)),
            Self::Count => (3, printed),
            Self::Full => (6, printed),
            Self::GoAccess => (1, valid_requests(printed)),
        };
        let expected: Vec<String> = expected.iter().take(asked).map(u64::to_string).collect();
        let said: Vec<&str> = said.trim().split(',').take(asked).collect();
        if said == expected {
            Ok(())
        } else {
            Err(format!(
                "the answer is {}, and must be {}",
                said.join(","),
                expected.join(",")
            ))
        }
    }
}

fn first_number(printed: &str) -> &str {
    printed
        .trim_start()
        .split(|letter: char| !letter.is_ascii_digit())
        .next()
        .unwrap_or_default()
}

/// From `"valid_requests": 15,`, near the beginning of the report.
fn valid_requests(report: &str) -> &str {
    report
        .split_once("\"valid_requests\":")
        .map_or("", |(_, rest)| first_number(rest))
}

#[cfg(test)]
mod unit {
    use super::*;

    const TRUTH: Answer = Answer {
        lines: 10,
        route_days: 4,
        routes: 3,
        pairs: 7,
        callers: 5,
        errors: 1,
    };

    #[test]
    fn an_answer_is_held_against_as_much_of_the_truth_as_was_asked() {
        assert_eq!(Says::Full.check("10,4,3,7,5,1\n", &TRUTH), Ok(()));
        assert_eq!(Says::Count.check("10,4,3,-,-,-\n", &TRUTH), Ok(()));
        assert_eq!(Says::Lines.check("  10 /a/1g.log\n", &TRUTH), Ok(()));
        assert_eq!(Says::Lines.check("10,-,-,-,-,-", &TRUTH), Ok(()));
        assert_eq!(
            Says::GoAccess.check("{\"total\": 9,\"valid_requests\": 10,\"x\": 1", &TRUTH),
            Ok(())
        );
    }

    #[test]
    fn any_other_answer_is_refused() {
        for (says, printed) in [
            (Says::Full, "10,4,3,7,5,2"),
            (Says::Full, "10,4,3,-,-,-"),
            (Says::Full, "10,4,3"),
            (Says::Count, "10,4,2,7,5,1"),
            (Says::Count, ""),
            (Says::Lines, "101"),
            (Says::Lines, "none"),
            (Says::GoAccess, "{\"valid_requests\": 9}"),
            (Says::GoAccess, "{}"),
        ] {
            assert!(says.check(printed, &TRUTH).is_err(), "{says:?} {printed:?}");
        }
    }
}
