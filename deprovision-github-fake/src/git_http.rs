//! Git's smart HTTP, by Git's own `http-backend`.

use std::path::Path;
use std::process::Stdio;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::Full;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// A request of a git client.
pub(crate) struct GitRequest<'a> {
    pub(crate) method: &'a Method,
    /// Below the folder of the repositories.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    pub(crate) who: &'a str,
}

/// Answers it.
pub(crate) async fn serve(
    root: &Path,
    request: GitRequest<'_>,
) -> Result<Response<Full<Bytes>>, String> {
    let header = |name: &str| {
        request
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let mut child = Command::new("git")
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_PROTOCOL", header("git-protocol"))
        .env("PATH_INFO", request.path)
        .env("QUERY_STRING", request.query)
        .env("REQUEST_METHOD", request.method.as_str())
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("REMOTE_USER", request.who)
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("git http-backend could not be started: {error}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // What it does not read it does not need.
        let _ = stdin.write_all(request.body).await;
    }
    let output = child
        .wait_with_output()
        .await
        .map_err(|error| error.to_string())?;
    parse(&output.stdout)
}

/// The answer of a CGI program.
fn parse(output: &[u8]) -> Result<Response<Full<Bytes>>, String> {
    let end = output
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or("git http-backend gave no headers")?;
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        let (name, value) = line.split_once(':').ok_or("a header has no colon")?;
        let value = value.trim();
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().and_then(|code| code.parse().ok());
            response = response.status(code.unwrap_or(StatusCode::BAD_GATEWAY.as_u16()));
        } else {
            response = response.header(name, value);
        }
    }
    response
        .body(Full::new(Bytes::copy_from_slice(&output[end + 4..])))
        .map_err(|error| error.to_string())
}
