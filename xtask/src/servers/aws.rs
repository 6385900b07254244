//! What stands in for AWS: moto and SeaweedFS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::leash::Leashed;
use super::port::free;
use crate::{Failure, Places, output, peers};

/// The key of SeaweedFS's owner. It opens nothing but a server of ours on loopback.
const OWNER: (&str, &str) = ("AKIAOWNEROFTHETESTS0", "owner-secret-of-the-tests");

/// Two moto servers (one that lets everybody in, with a CloudWatch of its own address,
/// and one that enforces IAM policies) and a SeaweedFS.
#[derive(Debug)]
pub(crate) struct Aws {
    moto: SocketAddr,
    enforcing: SocketAddr,
    cloudwatch: SocketAddr,
    seaweedfs: SocketAddr,
    administrator: (String, String),
    folder: PathBuf,
    programs: PathBuf,
    servers: Vec<Leashed>,
}

impl Aws {
    /// Installs what is missing, starts everything and returns when it answers.
    pub(crate) fn start(places: &Places) -> Result<Self, Failure> {
        let name = format!("deprovision-peers-{}", std::process::id());
        Self::start_in(places, &std::env::temp_dir().join(name))
    }

    /// The same, with what they keep in a folder; it is removed when they stop.
    pub(crate) fn start_in(places: &Places, folder: &Path) -> Result<Self, Failure> {
        let programs = peers::aws(places)?;
        let folder = folder.to_owned();
        std::fs::create_dir_all(&folder)
            .map_err(|error| format!("{} can not be made: {error}", folder.display()))?;
        let [moto, enforcing, cloudwatch] = free()?;
        let mut servers = Vec::new();
        for (name, address) in [("moto", moto), ("moto-enforcing", enforcing)] {
            servers.push(start_moto(name, &programs, &folder, address)?);
        }
        servers.push(start_cloudwatch(
            places, &programs, &folder, cloudwatch, moto,
        )?);
        let (server, seaweedfs) = start_seaweedfs(&programs, &folder)?;
        servers.push(server);
        let ready = [
            (moto, "/moto-api/data.json"),
            (enforcing, "/moto-api/data.json"),
            (cloudwatch, "/"),
            (seaweedfs, "/status"),
        ];
        for (server, (address, path)) in servers.iter_mut().zip(ready) {
            server.wait_for(address, path, &[200])?;
        }
        let administrator = enforce(places, &programs, enforcing)?;
        Ok(Self {
            moto,
            enforcing,
            cloudwatch,
            seaweedfs,
            administrator,
            folder,
            programs,
            servers,
        })
    }

    /// Where S3 is, and its owner's key and secret.
    pub(crate) fn s3(&self) -> (String, String, String) {
        let (key, secret) = OWNER;
        (
            format!("http://{}", self.seaweedfs),
            key.to_owned(),
            secret.to_owned(),
        )
    }

    /// How tests find the servers.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("DEPROVISION_MOTO", format!("http://{}", self.moto)),
            (
                "DEPROVISION_MOTO_ENFORCING",
                format!("http://{}", self.enforcing),
            ),
            (
                "DEPROVISION_CLOUDWATCH",
                format!("http://{}", self.cloudwatch),
            ),
            ("DEPROVISION_MOTO_KEY", self.administrator.0.clone()),
            ("DEPROVISION_MOTO_SECRET", self.administrator.1.clone()),
            (
                "DEPROVISION_SEAWEEDFS",
                format!("http://{}", self.seaweedfs),
            ),
            ("DEPROVISION_SEAWEEDFS_KEY", OWNER.0.to_owned()),
            ("DEPROVISION_SEAWEEDFS_SECRET", OWNER.1.to_owned()),
            (
                "DEPROVISION_PEER_PROGRAMS",
                self.programs.display().to_string(),
            ),
        ]
    }
}

impl Drop for Aws {
    fn drop(&mut self) {
        self.servers.clear();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn start_moto(
    name: &'static str,
    programs: &Path,
    folder: &Path,
    address: SocketAddr,
) -> Result<Leashed, Failure> {
    Leashed::start(
        name,
        folder,
        Command::new(programs.join("moto_server"))
            .args(["-H", &address.ip().to_string()])
            .args(["-p", &address.port().to_string()]),
    )
}

/// The CloudWatch of the first moto, in the protocol that the SDK speaks.
fn start_cloudwatch(
    places: &Places,
    programs: &Path,
    folder: &Path,
    address: SocketAddr,
    moto: SocketAddr,
) -> Result<Leashed, Failure> {
    Leashed::start(
        "cloudwatch",
        folder,
        Command::new(programs.join("python"))
            .arg(places.root.join("xtask/peers/cloudwatch.py"))
            .arg(address.port().to_string())
            .arg(format!("http://{moto}")),
    )
}

/// Has moto enforce IAM; gives the key and the secret of an administrator.
fn enforce(
    places: &Places,
    programs: &Path,
    address: SocketAddr,
) -> Result<(String, String), Failure> {
    let printed = output(
        Command::new(programs.join("python"))
            .arg(places.root.join("xtask/peers/enforce.py"))
            .arg(format!("http://{address}")),
    )?;
    match printed.lines().collect::<Vec<_>>().as_slice() {
        [key, secret] => Ok(((*key).to_owned(), (*secret).to_owned())),
        _ => Err("moto made no administrator".to_owned()),
    }
}

fn start_seaweedfs(programs: &Path, folder: &Path) -> Result<(Leashed, SocketAddr), Failure> {
    let data = folder.join("seaweedfs");
    let config = folder.join("seaweedfs.json");
    let (key, secret) = OWNER;
    let text = serde_json::json!({ "identities": [{
        "name": "owner",
        "credentials": [{ "accessKey": key, "secretKey": secret }],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }]});
    std::fs::create_dir_all(&data)
        .and_then(|()| std::fs::write(&config, text.to_string()))
        .map_err(|error| format!("{} can not be written: {error}", config.display()))?;
    let ports: [SocketAddr; 10] = free()?;
    let s3 = ports[0];
    let names = [
        "s3.port",
        "s3.port.grpc",
        "master.port",
        "master.port.grpc",
        "filer.port",
        "filer.port.grpc",
        "volume.port",
        "volume.port.grpc",
        "admin.port",
        "admin.port.grpc",
    ];
    let mut server = Command::new(programs.join("weed"));
    server
        .arg("mini")
        .arg(format!("-dir={}", data.display()))
        .arg(format!("-s3.config={}", config.display()))
        .args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1"])
        .args([
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",
        ])
        // Each bucket takes a volume at least, and tests make many.
        .arg("-volume.max=5000")
        .args([
            "-s3.iam.readOnly=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]);
    for (name, address) in names.iter().zip(ports) {
        server.arg(format!("-{name}={}", address.port()));
    }
    Ok((Leashed::start("seaweedfs", folder, &mut server)?, s3))
}
