//! Manifests in every form.

use std::collections::BTreeSet;

use super::{cut_toml_settings, manifest_of};

fn check(path: &str, source: &str, expected: Option<&str>) {
    let cut = manifest_of(path).without(source, "orders-client");
    assert_eq!(
        cut.as_ref().map(|cut| cut.text.as_str()),
        expected,
        "{source}"
    );
    if let Some(cut) = cut {
        let lost = source.lines().count() - cut.text.lines().count();
        assert_eq!(cut.lines, lost, "{source}");
    }
}

#[test]
fn a_dependency_goes_out_of_cargo_toml_in_every_form() {
    for (source, expected) in [
        (
            "[dependencies]\n# theirs\norders-client = \"1\"\nserde = \"1\" # s\n",
            Some("[dependencies]\n# theirs\nserde = \"1\" # s\n"),
        ),
        (
            "[workspace.dependencies]\norders-client = { version = \"1\", features = [\n  \"a\",\n] }\n\n[dev-dependencies]\norders-client.workspace = true\nx = \"1\"\n",
            Some("[workspace.dependencies]\n\n[dev-dependencies]\nx = \"1\"\n"),
        ),
        (
            "[package]\nname = \"a\"\n\n[dependencies.orders-client]\nversion = \"1\"\n\n# b\n[target.'cfg(unix)'.dependencies]\norders-client = \"1\"\n",
            Some("[package]\nname = \"a\"\n\n# b\n[target.'cfg(unix)'.dependencies]\n"),
        ),
        (
            "[dependencies]\norders-client.version = \"1\"\norders-client.optional = true\n",
            Some("[dependencies]\n"),
        ),
        ("[package]\nname = \"orders-client\"\n", None),
        ("[features]\norders-client = []\n", None),
        (
            "[dependencies]\na = { package = \"orders-client\", version = \"1\" }\n",
            None,
        ),
        ("[dependencies]\norders-client = {\n", None),
        (
            "[dependencies]\nnote = \"\"\"\norders-client = 1\n\"\"\"\n",
            None,
        ),
    ] {
        check("a/Cargo.toml", source, expected);
    }
}

#[test]
fn a_dependency_goes_out_of_the_manifests_of_other_managers() {
    for (path, source, expected) in [
        (
            "package.json",
            "{\n\t\"name\": \"orders-client\",\n\t\"dependencies\": {\n\t\t\"a\": \"1\",\n\t\t\"orders-client\": \"^1\"\n\t}\n}\n",
            Some(
                "{\n\t\"name\": \"orders-client\",\n\t\"dependencies\": {\n\t\t\"a\": \"1\"\n\t}\n}\n",
            ),
        ),
        ("package.json", "{\"orders-client\": \"1\"}", None),
        (
            "composer.json",
            "{\"require\": {\"orders-client\": \"1\"}}",
            None,
        ),
        (
            "requirements-dev.txt",
            "a==1\nOrders_Client[x]==1 \\\n  --hash=sha256:0 \\\n  --hash=sha256:1\norders-client-extra==1\n",
            Some("a==1\norders-client-extra==1\n"),
        ),
        (
            "pyproject.toml",
            "[project]\ndependencies = [\n  \"a>=1\",\n  \"orders_client>=1\", # x\n]\n",
            Some("[project]\ndependencies = [\n  \"a>=1\",\n]\n"),
        ),
        (
            "pyproject.toml",
            "[tool.poetry.dependencies]\nOrders-Client = \"^1\"\na = \"1\"\n",
            Some("[tool.poetry.dependencies]\na = \"1\"\n"),
        ),
        (
            "pyproject.toml",
            "[project]\ndependencies = [\"orders-client\"]\n",
            None,
        ),
        (
            "go.mod",
            "module a\n\nrequire (\n\torders-client v1 // indirect\n\tb v1\n)\n\nexclude (\n\torders-client v0\n)\nrequire orders-client v1\n",
            Some("module a\n\nrequire (\n\tb v1\n)\n\nexclude (\n\torders-client v0\n)\n"),
        ),
        ("Gemfile", "gem 'orders-client'\n", None),
        ("Cargo.lock", "name = \"orders-client\"\n", None),
    ] {
        // On one line there is nothing to count.
        if path == "composer.json" {
            let cut = manifest_of(path).without(source, "orders-client").unwrap();
            assert_eq!(cut.text, "{\"require\": {}}");
        } else {
            check(path, source, expected);
        }
    }
}

#[test]
fn a_setting_goes_out_of_a_toml_file() {
    let keys = BTreeSet::from(["OLD_URL".to_owned()]);
    let cut = |source| cut_toml_settings(source, &keys).map(|cut| cut.text);
    assert_eq!(
        cut("A = 1\n[env]\nOLD_URL = \"x\" # y\nB = [\n  1,\n]\n").as_deref(),
        Some("A = 1\n[env]\nB = [\n  1,\n]\n")
    );
    assert_eq!(cut("[[a]]\nOLD_URL = 1\n"), None);
    assert_eq!(cut("A = 1\n"), None);
}
