//! The stand-in for IAM with a fixed latency.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::servers::{Leashed, free};
use crate::{Failure, Places, output};

/// A running stand-in.
#[derive(Debug)]
pub(crate) struct Stub {
    address: SocketAddr,
    python: std::path::PathBuf,
    _server: Leashed,
}

/// What it counted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stats {
    pub(crate) total: u64,
    pub(crate) throttled: u64,
    pub(crate) peak: u64,
    pub(crate) inactive: u64,
}

impl Stub {
    /// Starts one with so many users; a bucket of tokens when it is to throttle.
    pub(crate) fn start(
        places: &Places,
        programs: &Path,
        folder: &Path,
        users: u32,
        bucket: Option<(u32, u32)>,
    ) -> Result<Self, Failure> {
        let [address] = free()?;
        let python = programs.join("python");
        let mut command = Command::new(&python);
        command
            .arg(places.root.join("xtask/bench/iam_stub.py"))
            .args([
                address.port().to_string(),
                "30".to_owned(),
                users.to_string(),
            ]);
        if let Some((rate, burst)) = bucket {
            command.args([rate.to_string(), burst.to_string()]);
        }
        let mut server = Leashed::start("iam-stub", folder, &mut command)?;
        server.wait_for(address, "/__stats", &[200])?;
        Ok(Self {
            address,
            python,
            _server: server,
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All keys active again, all counters zero, the bucket full.
    pub(crate) fn reset(&self) -> Result<(), Failure> {
        self.ask("/__reset").map(drop)
    }

    pub(crate) fn stats(&self) -> Result<Stats, Failure> {
        let text = self.ask("/__stats")?;
        let stats: serde_json::Value = serde_json::from_str(&text)
            .map_err(|error| format!("the stand-in's counters can not be read: {error}"))?;
        let number = |name: &str| {
            stats[name]
                .as_u64()
                .ok_or_else(|| format!("the stand-in counts no {name}"))
        };
        Ok(Stats {
            total: number("total")?,
            throttled: number("throttled")?,
            peak: number("peak")?,
            inactive: number("inactive")?,
        })
    }

    fn ask(&self, path: &str) -> Result<String, Failure> {
        let script = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())";
        output(Command::new(&self.python).args(["-c", script, &format!("{}{path}", self.url())]))
    }
}
