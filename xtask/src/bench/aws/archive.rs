//! Copy a folder to S3 with a manifest of SHA-256, and read all of it back: next to
//! s5cmd, rclone and the AWS CLI.

use std::path::Path;
use std::process::Command;

use super::contest::{Contest, Contestant};
use super::options::Options;
use super::show;
use crate::bench::aim::{self, Aim, Limit};
use crate::bench::build_example;
use crate::servers::{Aws, Leashed, free};
use crate::{Failure, Places, output, peers};

const OURS: &str = "**deprovision**: copy, manifest";
const OURS_VERIFIED: &str = "**deprovision**: copy, manifest, read back";
const S5CMD: &str = "s5cmd cp";
const S5CMD_BACK: &str = "s5cmd cp up and down, SHA-256 of both";
const RCLONE: &str = "rclone copy, rclone check --download";
const AWSCLI: &str = "aws s3 sync";

/// The bucket of every run.
const BUCKET: &str = "bench";

/// What is copied.
#[derive(Clone, Copy, Debug)]
struct Files {
    name: &'static str,
    count: u32,
    bytes: usize,
}

const SMALL: Files = Files {
    name: "1,000 × 64 KiB",
    count: 1000,
    bytes: 64 << 10,
};
const LARGE: Files = Files {
    name: "4 × 256 MiB",
    count: 4,
    bytes: 256 << 20,
};

impl Files {
    fn total(self) -> f64 {
        f64::from(self.count) * f64::from(u32::try_from(self.bytes).unwrap_or(u32::MAX))
    }

    /// Random bytes, so that no part can be packed or left out.
    fn write(self, folder: &Path) -> Result<(), Failure> {
        let trouble = |error: std::io::Error| format!("{}: {error}", folder.display());
        std::fs::create_dir_all(folder).map_err(trouble)?;
        let mut random = std::fs::File::open("/dev/urandom").map_err(trouble)?;
        for number in 0..self.count {
            let path = folder.join(format!("object-{number:04}.bin"));
            let mut file = std::fs::File::create(path).map_err(trouble)?;
            let length = u64::try_from(self.bytes).unwrap_or(u64::MAX);
            let mut some = std::io::Read::take(std::io::Read::by_ref(&mut random), length);
            std::io::copy(&mut some, &mut file).map_err(trouble)?;
        }
        Ok(())
    }
}

/// A server to copy to.
struct Server {
    name: &'static str,
    /// What ours must be told of it.
    told: &'static [&'static str],
    url: String,
    key: String,
    secret: String,
    _running: Running,
}

/// What stops with it.
#[expect(dead_code, reason = "they are held until they are to stop")]
enum Running {
    One(Leashed),
    All(Aws),
}

pub(crate) fn run(
    places: &Places,
    programs: &Path,
    options: &Options,
) -> Result<(Vec<Contest>, Vec<Aim>), Failure> {
    let ours = build_example(places, "deprovision-aws", "s3_copy", &["--all-features"])?;
    let s3s = peers::s3s_fs(places)?;
    let folder = options
        .data
        .join(format!("deprovision-archive-{}", std::process::id()));
    let measured = measure(places, programs, options, &ours, &s3s, &folder);
    let _ = std::fs::remove_dir_all(&folder);
    measured
}

fn measure(
    places: &Places,
    programs: &Path,
    options: &Options,
    ours: &Path,
    s3s: &Path,
    folder: &Path,
) -> Result<(Vec<Contest>, Vec<Aim>), Failure> {
    for files in [SMALL, LARGE] {
        files.write(&folder.join(files.name))?;
    }
    let (mut contests, mut aims) = (Vec::new(), Vec::new());
    for which in 0..2 {
        let server = match which {
            0 => start_s3s(s3s, folder)?,
            _ => start_seaweedfs(places, folder)?,
        };
        for files in [SMALL, LARGE] {
            let contest = race(places, programs, options, ours, folder, &server, files)?;
            aims.extend(aims_of(&contest, server.name, files));
            contests.push(contest);
        }
    }
    println!("{}", aim::table(&aims));
    Ok((contests, aims))
}

fn start_s3s(program: &Path, folder: &Path) -> Result<Server, Failure> {
    let [address] = free()?;
    let data = folder.join("s3s-fs");
    std::fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
    let (key, secret) = ("AKIABENCHBENCHBENCH0", "secret-of-the-bench");
    let mut server = Leashed::start(
        "s3s-fs",
        folder,
        Command::new(program)
            .args(["--host", &address.ip().to_string()])
            .args(["--port", &address.port().to_string()])
            .args(["--access-key", key, "--secret-key", secret])
            .arg(&data),
    )?;
    // Whoever comes without a signature is refused, once it answers.
    server.wait_for(address, "/", &[200, 400, 401, 403])?;
    Ok(Server {
        name: "s3s-fs",
        told: &["--no-upload-list"],
        url: format!("http://{address}"),
        key: key.to_owned(),
        secret: secret.to_owned(),
        _running: Running::One(server),
    })
}

fn start_seaweedfs(places: &Places, folder: &Path) -> Result<Server, Failure> {
    let servers = Aws::start_in(places, &folder.join("servers"))?;
    let (url, key, secret) = servers.s3();
    Ok(Server {
        name: "SeaweedFS",
        told: &[],
        url,
        key,
        secret,
        _running: Running::All(servers),
    })
}

fn race(
    places: &Places,
    programs: &Path,
    options: &Options,
    ours: &Path,
    folder: &Path,
    server: &Server,
    files: Files,
) -> Result<Contest, Failure> {
    let source = folder.join(files.name);
    let back = folder.join("back");
    let s5cmd = |arguments: &[&str]| {
        let mut command = Command::new(programs.join("s5cmd"));
        command
            .args(["--endpoint-url", &server.url])
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", &server.key)
            .env("AWS_SECRET_ACCESS_KEY", &server.secret)
            .env("AWS_REGION", "us-east-1");
        output(&mut command)
    };
    let bucket = format!("s3://{BUCKET}");
    let mut contest = Contest {
        title: format!("{} to {}", files.name, server.name),
        columns: vec!["objects"],
        contestants: contestants(places, programs, ours, server, &source, &back),
    };
    contest.run(
        places,
        options.rounds,
        |_| {
            // Nothing of the run before is there: neither here nor there.
            let _ = std::fs::remove_dir_all(&back);
            if s5cmd(&["ls", &bucket]).is_ok() {
                let _ = s5cmd(&["rm", &format!("{bucket}/*")]);
                s5cmd(&["rb", &bucket])?;
            }
            s5cmd(&["mb", &bucket]).map(drop)
        },
        |_, _| {
            let listed = s5cmd(&["ls", &format!("{bucket}/*")])?;
            let objects = u64::try_from(listed.lines().count()).unwrap_or(u64::MAX);
            if objects < u64::from(files.count) {
                return Err(format!("only {objects} objects arrived"));
            }
            Ok(vec![objects])
        },
    )?;
    show(&contest);
    Ok(contest)
}

fn contestants(
    places: &Places,
    programs: &Path,
    ours: &Path,
    server: &Server,
    source: &Path,
    back: &Path,
) -> Vec<Contestant> {
    let text = |path: &Path| path.display().to_string();
    let program = |name: &str| text(&programs.join(name));
    let key = [
        "env".to_owned(),
        format!("AWS_ACCESS_KEY_ID={}", server.key),
        format!("AWS_SECRET_ACCESS_KEY={}", server.secret),
        "AWS_REGION=us-east-1".to_owned(),
    ];
    let with_key = |words: &[&str]| {
        let mut command = key.to_vec();
        command.extend(words.iter().map(|&word| word.to_owned()));
        command
    };
    let shell = |script: String| with_key(&["sh", "-e", "-c", &script]);
    let (from, to, url) = (text(source), format!("s3://{BUCKET}"), &server.url);
    let ours = text(ours);
    let mut copy = vec![
        ours.as_str(),
        "--endpoint",
        url,
        "--bucket",
        BUCKET,
        "--key",
        &server.key,
        "--secret",
        &server.secret,
        "--from",
        &from,
    ];
    copy.extend(server.told);
    let (s5cmd, rclone) = (program("s5cmd"), program("rclone"));
    let up = format!("'{s5cmd}' --endpoint-url {url} cp '{from}/' {to}/ >/dev/null");
    let down = format!(
        "'{s5cmd}' --endpoint-url {url} cp '{to}/*' '{back}/' >/dev/null",
        back = text(back)
    );
    let digests = format!(
        "'{}' '{}' '{from}' '{}'",
        program("python"),
        text(&places.root.join("xtask/bench/digests.py")),
        text(back)
    );
    let remote =
        format!(":s3,provider=Other,env_auth=true,region=us-east-1,endpoint='{url}':{BUCKET}");
    vec![
        Contestant::new(OURS, with_key(&copy)),
        Contestant::new(S5CMD, with_key(&["sh", "-c", &up])),
        Contestant::new(OURS_VERIFIED, {
            let mut command = with_key(&copy);
            command.push("--verify".to_owned());
            command
        }),
        Contestant::new(S5CMD_BACK, shell(format!("{up}; {down}; {digests}"))),
        Contestant::new(
            RCLONE,
            shell(format!(
                "'{rclone}' copy --transfers 16 '{from}' \"{remote}\"; \
                 '{rclone}' check --checkers 16 --download '{from}' \"{remote}\""
            )),
        ),
        Contestant::new(
            AWSCLI,
            with_key(&[
                &program("aws"),
                "--endpoint-url",
                url,
                "s3",
                "sync",
                "--only-show-errors",
                &from,
                &to,
            ]),
        ),
    ]
}

fn aims_of(contest: &Contest, server: &str, files: Files) -> Vec<Aim> {
    let mut aims = Vec::new();
    let what = |of: &str| format!("{} to {server}: {of}", files.name);
    let most = if files.count == SMALL.count {
        1.0
    } else {
        1.05
    };
    let pair = |ours: &str, theirs: &str, of: fn(&Contestant) -> Option<f64>| {
        let ours = contest.find(ours).and_then(of)?;
        Some((ours, contest.find(theirs).and_then(of)?))
    };
    if let Some((ours, theirs)) = pair(OURS, S5CMD, Contestant::wall) {
        aims.push(Aim {
            what: what("time of copy and manifest over `s5cmd cp`"),
            limit: Limit::AtMost(most),
            measured: ours / theirs,
        });
    }
    if let Some((ours, theirs)) = pair(OURS_VERIFIED, S5CMD_BACK, Contestant::wall) {
        aims.push(Aim {
            what: what("time with reading back over s5cmd up, down and SHA-256"),
            limit: Limit::AtMost(1.0),
            measured: ours / theirs,
        });
    }
    if let Some((ours, theirs)) = pair(OURS, S5CMD, Contestant::cpu) {
        let allowed = theirs * 1.3 + 0.8 * files.total() / 1e9;
        aims.push(Aim {
            what: what(&format!("processor time over the {allowed:.2} s allowed")),
            limit: Limit::AtMost(1.0),
            measured: ours / allowed,
        });
    }
    for ours in [OURS, OURS_VERIFIED] {
        if let Some(memory) = contest.find(ours).and_then(Contestant::memory) {
            aims.push(Aim {
                what: what(&format!("{ours}: the most memory held, MB")),
                limit: Limit::Memory(64.0),
                measured: memory,
            });
        }
    }
    aims
}
