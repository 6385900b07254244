//! Free ports of the loopback interface.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::Failure;

/// Ports that were free a moment ago, all different. Servers take numbers and no
/// sockets, so that another program may be faster; then the server says so and ends.
pub(crate) fn free<const N: usize>() -> Result<[SocketAddr; N], Failure> {
    let trouble = |error: std::io::Error| format!("there is no free port: {error}");
    // All are held until all are known, or the same one would come twice.
    let mut held = Vec::new();
    let mut found = [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); N];
    for port in &mut found {
        let listener = TcpListener::bind(*port).map_err(trouble)?;
        *port = listener.local_addr().map_err(trouble)?;
        held.push(listener);
    }
    Ok(found)
}
