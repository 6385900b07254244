//! Which addresses are public.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not one that anybody on the internet may have.
///
/// The sources are IANA's registries of special-purpose addresses for IPv4 and IPv6
/// (RFC 6890), as of 2025, and the cloud vendors' pages on their metadata services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotPublic {
    /// It stands for no host: `0.0.0.0/8`, `::`.
    Unspecified,
    /// This machine.
    Loopback,
    /// A private network: RFC 1918, unique local IPv6 (RFC 4193), site-local.
    Private,
    /// The network of a carrier's customers: `100.64.0.0/10` (RFC 6598).
    Shared,
    /// This link: `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// A cloud's service that gives credentials to whoever asks.
    Metadata,
    /// Many hosts at once.
    Multicast,
    /// For documentation only.
    Documentation,
    /// For benchmarks only: `198.18.0.0/15` (RFC 2544).
    Benchmarking,
    /// A way to carry IPv4 in IPv6 whose end can not be judged: 6to4, Teredo, IPv4-compatible
    /// and IPv4-translated addresses, a network's own NAT64.
    Tunnel,
    /// Anything else that is not given to hosts.
    Reserved,
}

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "no host's address",
            Self::Loopback => "this machine",
            Self::Private => "a private network",
            Self::Shared => "a carrier's shared network",
            Self::LinkLocal => "the local link",
            Self::Metadata => "a cloud's metadata service",
            Self::Multicast => "a multicast group",
            Self::Documentation => "reserved for documentation",
            Self::Benchmarking => "reserved for benchmarks",
            Self::Tunnel => "a tunnel to an address that can not be judged",
            Self::Reserved => "reserved",
        })
    }
}

/// The address with IPv4 that is written as IPv6 taken out: `::ffff:1.2.3.4` and, as a
/// resolver with DNS64 answers, `64:ff9b::1.2.3.4` (RFC 6052).
pub(crate) fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => v6
            .to_ipv4_mapped()
            .or_else(|| nat64(v6))
            .map_or(address, IpAddr::V4),
    }
}

fn nat64(address: Ipv6Addr) -> Option<Ipv4Addr> {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            Some(Ipv4Addr::new(a, b, c, d))
        }
        _ => None,
    }
}

/// Why the address is not public; nothing when it is.
pub(crate) fn not_public(address: IpAddr) -> Option<NotPublic> {
    match plain(address) {
        IpAddr::V4(v4) => not_public_v4(v4),
        IpAddr::V6(v6) => not_public_v6(v6),
    }
}

/// Addresses that give credentials to whoever asks, or configure the machine.
const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254), // AWS, Azure, Google, Oracle, DigitalOcean
    Ipv4Addr::new(169, 254, 170, 2),   // credentials of AWS containers
    Ipv4Addr::new(169, 254, 170, 23),  // credentials of AWS EKS pods
    Ipv4Addr::new(100, 100, 100, 200), // Alibaba
    Ipv4Addr::new(168, 63, 129, 16),   // Azure's host: a public address, not a public host
];

/// The same in IPv6.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), // AWS
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),  // AWS EKS pods
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),  // Google
];

fn not_public_v4(address: Ipv4Addr) -> Option<NotPublic> {
    if METADATA_V4.contains(&address) {
        return Some(NotPublic::Metadata);
    }
    Some(match address.octets() {
        [0, ..] => NotPublic::Unspecified,
        [127, ..] => NotPublic::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => NotPublic::Private,
        [100, 64..=127, ..] => NotPublic::Shared,
        [169, 254, ..] => NotPublic::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => NotPublic::Documentation,
        [198, 18 | 19, ..] => NotPublic::Benchmarking,
        [192, 88, 99, _] => NotPublic::Tunnel,
        [192, 0, 0, _] | [240..=255, ..] => NotPublic::Reserved,
        [224..=239, ..] => NotPublic::Multicast,
        _ => return None,
    })
}

fn not_public_v6(address: Ipv6Addr) -> Option<NotPublic> {
    if METADATA_V6.contains(&address) {
        return Some(NotPublic::Metadata);
    }
    let segments = address.segments();
    Some(match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => NotPublic::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => NotPublic::Loopback,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => NotPublic::Private,
        [0xfe80..=0xfebf, ..] => NotPublic::LinkLocal,
        [0xff00..=0xffff, ..] => NotPublic::Multicast,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => NotPublic::Documentation,
        [0x2001, 2, 0, ..] => NotPublic::Benchmarking,
        // Teredo, 6to4, a network's own NAT64, IPv4-compatible, IPv4-translated.
        [0x2001, 0, ..]
        | [0x2002, ..]
        | [0x64, 0xff9b, 1, ..]
        | [0, 0, 0, 0, 0, 0, _, _]
        | [0, 0, 0, 0, 0xffff, 0, _, _] => NotPublic::Tunnel,
        // IETF protocol assignments.
        [0x2001, 0..=0x1ff, ..] => NotPublic::Reserved,
        // All that has ever been given to hosts is in 2000::/3.
        [0x2000..=0x3fff, ..] => return None,
        _ => NotPublic::Reserved,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn public_addresses_are_public() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
            "2a00:1450::1",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
        ] {
            assert_eq!(not_public(public.parse().unwrap()), None, "{public}");
        }
    }

    proptest! {
        #[test]
        fn ipv4_in_ipv6_is_judged_as_ipv4_or_refused(v4 in any::<u32>()) {
            let v4 = Ipv4Addr::from(v4);
            let [a, b, c, d] = v4.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let judged = not_public(v4.into());
            prop_assert_eq!(not_public(v4.to_ipv6_mapped().into()), judged);
            let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low);
            prop_assert_eq!(not_public(nat64.into()), judged);
            for tunnel in [
                Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, !high, !low),
                Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            ] {
                prop_assert!(not_public(tunnel.into()).is_some(), "{}", tunnel);
            }
        }

        #[test]
        fn what_the_standard_library_knows_as_special_is_not_public(v4 in any::<u32>(), v6 in any::<u128>()) {
            let (v4, v6) = (Ipv4Addr::from(v4), Ipv6Addr::from(v6));
            if v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
                || v4.is_documentation() || v4.is_multicast() || v4.is_unspecified()
            {
                prop_assert!(not_public(v4.into()).is_some());
            }
            if v6.is_loopback() || v6.is_multicast() || v6.is_unspecified()
                || v6.is_unique_local() || v6.is_unicast_link_local()
            {
                prop_assert!(not_public(v6.into()).is_some());
            }
        }
    }
}
