//! `203.0.113.0/24` → which addresses lie within. An IPv4 address written as IPv6 counts as IPv4.

use std::fmt;
use std::net::IpAddr;

/// A block of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads a block, or a single address as a block of one.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let wrong = || format!("{text:?} is neither an address nor a block (as in 203.0.113.0/24)");
        let written: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = width_of(written);
        let bits = match bits {
            None => width,
            Some(bits) if !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit()) => {
                bits.parse().ok().filter(|bits| *bits <= width).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
        };
        let address = written.to_canonical();
        // ::ffff:203.0.113.0/120 is 203.0.113.0/24; what begins before the mapped part stays IPv6.
        let (address, bits) = match bits.checked_sub(width.saturating_sub(width_of(address))) {
            Some(bits) => (address, bits),
            None => (written, bits),
        };
        let network = Self { address, bits };
        if network.first() == number(address) {
            return Ok(network);
        }
        Err(format!("{text:?} has an address inside its block; write the first one of the block"))
    }

    /// Whether an address lies within.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        width_of(ip) == width_of(self.address)
            && (number(ip) ^ number(self.address)) & self.mask() == 0
    }

    /// Whether the whole of another block lies within.
    pub fn includes(&self, other: &Self) -> bool {
        self.bits <= other.bits && self.contains(other.address)
    }

    fn mask(&self) -> u128 {
        let free = width_of(self.address).saturating_sub(self.bits);
        u128::MAX.checked_shl(free).unwrap_or(0)
    }

    fn first(&self) -> u128 {
        number(self.address) & self.mask()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

fn width_of(ip: IpAddr) -> u32 {
    if ip.is_ipv4() { 32 } else { 128 }
}

fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_bits()),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}
