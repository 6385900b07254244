//! The markers that an API does not list: its address, its clients, its settings, its keys.

use std::collections::BTreeMap;

use deprovision_core::catalog::{Api, FaceKind};

use crate::search::MarkerClass;
use crate::search::markers::{host_text, is_clean, literal};

/// Shorter names of clients and settings are in too many other words.
const SHORTEST_NAME: usize = 8;
/// Shorter ids of keys may be anything.
const SHORTEST_KEY: usize = 16;

/// What follows from the other fields of the catalog.
pub(super) fn derived(api: &Api) -> BTreeMap<String, MarkerClass> {
    let mut texts = BTreeMap::new();
    texts.extend(api.url.iter().flat_map(|url| address(url)));
    for face in &api.faces {
        match face.kind {
            FaceKind::Alias | FaceKind::Mirror => texts.extend(address(&face.name)),
            FaceKind::Sdk => texts.extend(client(&face.name)),
            // The name of a stage is in its addresses; a page about an API is no call of it.
            FaceKind::Stage | FaceKind::Documentation => {}
            // A kind that a later catalog brings has no rule yet.
            _ => {}
        }
    }
    texts.extend(variables(api.id.as_str()));
    let prefixes = api.labels.get("key-prefix").into_iter();
    let prefixes = prefixes.flat_map(|list| list.split(',').map(str::trim));
    let ids = api.resources.credentials.iter().map(|id| id.name());
    let keys = prefixes
        .filter(|prefix| prefix.len() >= 4)
        .chain(ids.filter(|id| id.len() >= SHORTEST_KEY))
        .filter(|key| is_clean(key));
    texts.extend(keys.map(|key| (key.to_owned(), MarkerClass::Key)));
    texts
}

/// Host and path of a URL, of `host/path`, or one of the two.
fn address(text: &str) -> Vec<(String, MarkerClass)> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    let host = host.rsplit('@').next().unwrap_or_default();
    let host = host_text(host).map(|host| (host, MarkerClass::Host));
    let path = literal(path).map(|path| (path.to_owned(), MarkerClass::BasePath));
    host.into_iter().chain(path).collect()
}

/// A package, and how code calls it.
fn client(name: &str) -> Vec<(String, MarkerClass)> {
    let name = name.trim();
    // `com.shop:orders-client`, `@shop/orders-client`, `github.com/shop/orders-client`.
    let last = name.rsplit([':', '/']).next().unwrap_or(name);
    let words: Vec<&str> = last
        .split(['-', '_', '.'])
        .filter(|word| !word.is_empty())
        .collect();
    let mut names = vec![name.to_owned()];
    if words.len() >= 2 {
        let camel = words.iter().map(|word| {
            let (first, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            first.to_uppercase() + rest
        });
        names.extend([
            last.to_owned(),
            words.join("-"),
            words.join("_"),
            camel.collect(),
        ]);
    }
    names.retain(|name| name.len() >= SHORTEST_NAME && is_clean(name));
    let package = |name| (name, MarkerClass::Package);
    names.into_iter().map(package).collect()
}

fn variables(id: &str) -> Option<(String, MarkerClass)> {
    let words = id.split(['-', '_', '.']);
    let plain = id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let prefix = format!("{}_", words.clone().collect::<Vec<_>>().join("_")).to_ascii_uppercase();
    (plain && words.count() >= 2 && prefix.len() >= SHORTEST_NAME)
        .then_some((prefix, MarkerClass::Variable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use deprovision_core::catalog::Face;
    use deprovision_core::id::ApiId;

    fn of(change: impl FnOnce(&mut Api)) -> Vec<(String, MarkerClass)> {
        let mut api = Api::new(ApiId::parse("o1").unwrap(), "Orders");
        change(&mut api);
        derived(&api).into_iter().collect()
    }

    #[test]
    fn an_address_is_a_host_and_a_base_path() {
        let both = [
            ("/shop/v1".to_owned(), MarkerClass::BasePath),
            ("api.shop.example".to_owned(), MarkerClass::Host),
        ];
        let url = "https://u:p@API.shop.example/shop/v1/?x#y";
        assert_eq!(of(|api| api.url = Some(url.into())), both);
        let alias = Face::new(FaceKind::Alias, "api.shop.example/shop/v1");
        assert_eq!(of(|api| api.faces.push(alias)), both);
        let path = Face::new(FaceKind::Alias, "/shop/v1");
        assert_eq!(of(|api| api.faces.push(path)), both[..1]);
        let general = Face::new(FaceKind::Mirror, "http://localhost/api/v1");
        assert_eq!(of(|api| api.faces.push(general)), []);
    }

    #[test]
    fn a_client_has_the_spellings_of_packages_and_of_code() {
        let names = |name: &str| -> Vec<String> {
            let face = Face::new(FaceKind::Sdk, name);
            let found = of(|api| api.faces.push(face));
            assert!(
                found
                    .iter()
                    .all(|(_, class)| *class == MarkerClass::Package)
            );
            found.into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(
            names("@shop/orders-client"),
            [
                "@shop/orders-client",
                "OrdersClient",
                "orders-client",
                "orders_client"
            ]
        );
        assert_eq!(names("ordersdk"), ["ordersdk"]);
        assert_eq!(names("sdk"), Vec::<String>::new());
    }

    #[test]
    fn settings_follow_from_an_id_of_two_words_and_keys_from_a_label() {
        let mut api = Api::new(ApiId::parse("orders-v1").unwrap(), "Orders");
        api.labels
            .insert("key-prefix".into(), "sk_orders_, ok_".into());
        let credentials = ["aws:1:eu:AKIAIOSFODNN7EXAMPLE", "aws:1:eu:k1"];
        api.resources.credentials = credentials.map(|id| id.parse().unwrap()).to_vec();
        assert_eq!(
            derived(&api).into_iter().collect::<Vec<_>>(),
            [
                ("AKIAIOSFODNN7EXAMPLE".to_owned(), MarkerClass::Key),
                ("ORDERS_V1_".to_owned(), MarkerClass::Variable),
                ("sk_orders_".to_owned(), MarkerClass::Key),
            ]
        );
    }
}
