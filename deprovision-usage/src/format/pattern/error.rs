//! Why a text is no pattern.

/// Why a text is no pattern of log lines, or not of lines that can be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// A variable begins there and does not end.
    #[error(
        "the pattern's variable at byte {at} does not end; write it as $name, ${{name}} or %NAME(ARGUMENT)%"
    )]
    Unclosed {
        /// The byte, counted from 0.
        at: usize,
    },
    /// Something of a `log_format` directive is wrong.
    #[error(
        "the log_format directive {reason}; copy it whole, from log_format to the semicolon, or only the text in its quotes"
    )]
    Directive {
        /// What is wrong.
        reason: &'static str,
    },
    /// Two variables with nothing between them.
    #[error(
        "nothing stands between {first} and {second}, so a line does not tell where one ends; put a space between them in the server's configuration"
    )]
    Adjacent {
        /// The first variable.
        first: String,
        /// The second one.
        second: String,
    },
    /// Nothing says when a request was.
    #[error(
        "the pattern has no time; it needs one of $time_local, $time_iso8601, $msec, $context.requestTime and %START_TIME%"
    )]
    NoTime,
    /// Nothing says what was asked for.
    #[error(
        "the pattern has no request; it needs $request, or $request_method and $request_uri, or what other servers call them"
    )]
    NoRequest,
    /// The variable that should name the caller is not in the pattern.
    #[error("{name:?} is no variable of the pattern, which has {has}")]
    NoVariable {
        /// The variable that was asked for.
        name: String,
        /// Those that there are.
        has: String,
    },
}
