//! Names as two teams may write them for one thing.

/// The name in lower case, without separators and in the singular: `orderItems`,
/// `order-items` and `OrderItem` are all `orderitem`.
///
/// The singular is made by English endings alone, so it is not always a word
/// (`series` becomes `sery`), and now and then two words become one (`news` and
/// `new`). Both sides of a comparison are folded alike.
pub(crate) fn fold(name: &str) -> String {
    let folded: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    if folded.is_empty() {
        return name.to_owned();
    }
    singular(folded)
}

fn singular(mut word: String) -> String {
    if word.len() > 4 && word.ends_with("ies") {
        word.truncate(word.len() - 3);
        word.push('y');
    } else if word.len() > 4
        && ["sses", "shes", "ches", "xes"]
            .iter()
            .any(|ending| word.ends_with(ending))
    {
        word.truncate(word.len() - 2);
    } else if word.len() > 2
        && word.ends_with('s')
        && !["ss", "us", "is"]
            .iter()
            .any(|ending| word.ends_with(ending))
    {
        word.truncate(word.len() - 1);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_separators_and_the_plural_make_no_difference() {
        for (name, folded) in [
            ("orderItems", "orderitem"),
            ("order-items", "orderitem"),
            ("ORDER_ITEM", "orderitem"),
            ("Categories", "category"),
            ("addresses", "address"),
            ("boxes", "box"),
            ("status", "status"),
            ("analysis", "analysis"),
            ("ids", "id"),
            ("Größe", "größe"),
            ("--", "--"),
            ("", ""),
        ] {
            assert_eq!(fold(name), folded, "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_name_makes_it_panic(name in ".*") {
            let _ = fold(&name);
        }
    }
}
