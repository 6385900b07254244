//! Whom a policy is attached to, for a person.

/// Holders of a policy, for a person.
pub(crate) fn holders_text(users: &[String], groups: &[String], roles: &[String]) -> String {
    let named = |word: &'static str, names: &[String]| {
        names
            .iter()
            .map(|name| format!("{word} {name}"))
            .collect::<Vec<_>>()
    };
    let all = [
        named("user", users),
        named("group", groups),
        named("role", roles),
    ]
    .concat();
    match all.len() {
        0 => "nobody: it is attached to nothing".to_owned(),
        1..=5 => all.join(", "),
        more => format!(
            "{} and {} more",
            all.iter().take(4).cloned().collect::<Vec<_>>().join(", "),
            more - 4
        ),
    }
}
