//! Two Git repositories: a program that calls version 1, and the documents that
//! describe it. And the person who reviews what is proposed to them.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::shop::{Files, Problem};

/// The program that calls version 1. It has no dependencies, so that any Rust
/// compiler tells whether a change broke it.
const BILLING: [(&str, &str); 4] = [
    (
        "src/main.rs",
        "//! Bills customers for their orders.\n\n\
         /// Where orders are read from.\n\
         const ORDERS: &str = \"https://api.shop.example/v1/orders\";\n\n\
         fn order_url(id: u32) -> String {\n    format!(\"{ORDERS}/{id}\")\n}\n\n\
         fn main() {\n    println!(\"billing {}\", order_url(7));\n}\n",
    ),
    (
        "Cargo.toml",
        "[package]\nname = \"billing\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    ),
    (
        "config/billing.env",
        "# Where to look for orders\nORDERS_V1_URL=https://api.shop.example/v1/orders\nLOG=info\n",
    ),
    (
        "README.md",
        "# Billing\n\nReads `GET /v1/orders` every night and sends the bills.\n",
    ),
];

/// What describes version 1.
const DOCUMENTS: [(&str, &str); 3] = [
    (
        "openapi-v1.yaml",
        "openapi: 3.1.0\ninfo:\n  title: Orders, version 1 # the old one\n  version: 1.4.2\n\
         servers:\n  - url: https://api.shop.example\npaths:\n  /v1/orders:\n    get:\n      \
         operationId: listOrdersV1\n      responses:\n        \"200\": { description: \"All orders\" }\n  \
         /v1/orders/{id}:\n    get:\n      operationId: getOrderV1\n      responses:\n        \
         '200': { description: 'One order' }\n",
    ),
    (
        "catalog-info.yaml",
        "apiVersion: backstage.io/v1alpha1\nkind: API\nmetadata:\n  name: orders-v1\n  \
         annotations:\n    example.com/team: \"shop\" # keep\nspec:\n  type: openapi\n  \
         lifecycle: production\n  owner: team-shop\n  definition: |\n    openapi: 3.1.0\n",
    ),
    (
        "README.md",
        "# Orders, version 1\n\nReads orders. Ask the shop team for a key.\n",
    ),
];

/// Runs git, quietly, for the people of the shop.
async fn git(folder: &Path, arguments: &[&str]) -> Result<String, Problem> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["-c", "user.name=Ann", "-c", "user.email=ann@shop.example"])
        .args([
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(arguments)
        .output()
        .await
        .map_err(|error| format!("git could not be started ({error}); install it first"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("git {}: {}", arguments.join(" "), said.trim()).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Makes both repositories, if they are not there.
pub(super) async fn make(files: &Files) -> Result<(), Problem> {
    for (name, contents) in [("billing", &BILLING[..]), ("orders-api", &DOCUMENTS[..])] {
        let folder = files.path(&format!("repos/{name}"));
        if folder.join(".git/refs/heads/main").exists() {
            continue;
        }
        std::fs::create_dir_all(&folder)?;
        git(&folder, &["init", "--quiet", "--initial-branch=main"]).await?;
        for (file, text) in contents {
            files.write(&format!("repos/{name}/{file}"), text)?;
        }
        git(&folder, &["add", "--all"]).await?;
        git(&folder, &["commit", "--quiet", "--message", "As it was"]).await?;
    }
    Ok(())
}

/// Reviews proposed changes and merges them, as a person of the shop would.
#[derive(Debug, Clone)]
pub struct Reviewer {
    folders: Vec<PathBuf>,
}

impl Reviewer {
    pub(super) fn of(files: &Files) -> Self {
        Self {
            folders: ["billing", "orders-api"]
                .map(|name| files.path(&format!("repos/{name}")))
                .to_vec(),
        }
    }

    /// Merges every proposed branch that is not merged yet; gives their names.
    ///
    /// # Errors
    /// When git says no.
    pub async fn merge_all(&self) -> Result<Vec<String>, Problem> {
        let mut merged = Vec::new();
        for folder in &self.folders {
            let waiting = [
                "for-each-ref",
                "--format=%(refname:short)",
                "--no-merged=main",
                "refs/heads/deprovision/",
            ];
            for branch in git(folder, &waiting).await?.lines() {
                let message = format!("Merge {branch}");
                let merge = ["merge", "--quiet", "--no-ff", "--message", &message, branch];
                git(folder, &merge).await?;
                merged.push(branch.to_owned());
            }
        }
        Ok(merged)
    }

    /// Which files of the default branches differ from how they were at first.
    ///
    /// # Errors
    /// When git says no.
    pub async fn changed_files(&self) -> Result<Vec<String>, Problem> {
        let mut changed = Vec::new();
        for folder in &self.folders {
            let roots = git(folder, &["rev-list", "--max-parents=0", "main"]).await?;
            let root = roots.lines().next().unwrap_or_default();
            let names = git(folder, &["diff", "--name-only", root, "main", "--"]).await?;
            changed.extend(names.lines().map(str::to_owned));
        }
        Ok(changed)
    }

    /// What the default branch of the calling program still says of version 1.
    ///
    /// # Errors
    /// When git says no.
    pub async fn lines_that_name(&self, text: &str) -> Result<Vec<String>, Problem> {
        let Some(folder) = self.folders.first() else {
            return Ok(Vec::new());
        };
        // `git grep` fails when it finds nothing.
        let found = git(folder, &["grep", "-n", "-F", "-e", text, "main", "--"]).await;
        Ok(found.map_or_else(
            |_| Vec::new(),
            |lines| lines.lines().map(str::to_owned).collect(),
        ))
    }

    /// Compiles the calling program as its default branch has it.
    ///
    /// # Errors
    /// What the compiler says.
    pub async fn compile(&self) -> Result<(), Problem> {
        let Some(folder) = self.folders.first() else {
            return Ok(());
        };
        let out = tempfile::tempdir()?;
        let source = out.path().join("main.rs");
        std::fs::write(&source, git(folder, &["show", "main:src/main.rs"]).await?)?;
        let output = Command::new("rustc")
            .args(["--edition", "2021", "--emit", "metadata", "--out-dir"])
            .arg(out.path())
            .arg(&source)
            .output()
            .await?;
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
        }
    }
}
