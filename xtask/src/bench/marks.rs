//! The page with the results: between marks that name the section.

use crate::{Failure, Places};

/// Writes the section of that name on the page.
pub(crate) fn write(places: &Places, name: &str, section: &str) -> Result<(), Failure> {
    let path = places.root.join("docs/benchmarks.md");
    let page = std::fs::read_to_string(&path)
        .map_err(|error| format!("{} can not be read: {error}", path.display()))?;
    std::fs::write(&path, with_section(&page, name, section)?)
        .map_err(|error| format!("{} can not be written: {error}", path.display()))?;
    println!("{}: {name} is new", path.display());
    Ok(())
}

/// The page with another section of that name.
pub(crate) fn with_section(page: &str, name: &str, section: &str) -> Result<String, Failure> {
    let begin = format!("<!-- measured {}: begin -->", name);
    let end = format!("<!-- measured {}: end -->", name);
    let lacks = |mark: &str| format!("the page has no line `{mark}`: put the marks back");
    let (before, rest) = page.split_once(&begin).ok_or_else(|| lacks(&begin))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| lacks(&end))?;
    Ok(format!(
        "{before}{begin}\n{}\n{end}{after}",
        section.trim_end()
    ))
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn only_the_section_between_the_marks_of_its_size_is_replaced() {
        let page = "# A\n<!-- measured 250m: begin -->\nold\n<!-- measured 250m: end -->\n\
                    <!-- measured 1g: begin -->\nkept\n<!-- measured 1g: end -->\ntail\n";
        let new = with_section(page, "250m", "new\n").unwrap();
        assert_eq!(new, page.replace("old", "new"));
        assert_eq!(with_section(&new, "250m", "new").unwrap(), new);
        assert!(with_section(page, "10g", "new").is_err());
    }

    #[test]
    fn the_page_has_the_marks_of_every_size() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/benchmarks.md");
        let page = std::fs::read_to_string(path).unwrap();
        for name in [
            "250m",
            "1g",
            "10g",
            "callers",
            "sweep",
            "archive",
            "code",
            "code-exact",
            "notify",
        ] {
            with_section(&page, name, "").unwrap();
        }
    }
}
