//! The `Link` header.

/// The address of the next page.
pub(crate) fn next(link: &str) -> Option<&str> {
    link.split(',').find_map(|part| {
        let (url, parameters) = part.split_once(';')?;
        parameters
            .split(';')
            .any(|parameter| {
                let parameter = parameter.trim();
                parameter == "rel=\"next\"" || parameter == "rel=next"
            })
            .then(|| url.trim().trim_start_matches('<').trim_end_matches('>'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_told_from_the_others() {
        let link = "<https://a.example/x?page=1>; rel=\"prev\", <https://a.example/x?page=3>; rel=\"next\", <https://a.example/x?page=9>; rel=\"last\"";
        assert_eq!(next(link), Some("https://a.example/x?page=3"));
        assert_eq!(next("<https://a.example/x?page=1>; rel=\"prev\""), None);
        assert_eq!(next(""), None);
        assert_eq!(next(";;,<"), None);
    }
}
