//! Ports for programs that have to be told which one to take.

use std::net::{SocketAddr, TcpListener};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The blocks lie below the ports that the system gives to whoever asks for any (from 32768 on,
/// unless set otherwise): nobody else gets a port before the program takes it, and a server that is
/// down for a moment finds its own again.
const FIRST: u16 = 20_000;
const BLOCKS: u16 = 50;
const BLOCK: u16 = 200;

/// A port on loopback that nobody had a moment ago, and that no test asks for soon.
pub fn free_port() -> u16 {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let first = own_block();
    let others = u32::from(BLOCK - 1);
    let next = || first + 1 + u16::try_from(ASKED.fetch_add(1, Ordering::Relaxed) % others).expect("below 200");
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(next).take(usize::from(BLOCK)).find(is_free).expect("a free port")
}

/// The same as an address.
pub fn free_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], free_port()))
}

/// The first port of a block that this process alone takes ports from: it listens at the first one
/// until it ends.
fn own_block() -> u16 {
    static OWN: OnceLock<(TcpListener, u16)> = OnceLock::new();
    let find = || {
        let firsts = (0..BLOCKS).map(|block| FIRST + block * BLOCK);
        let mut held = firsts.filter_map(|first| Some((TcpListener::bind(("127.0.0.1", first)).ok()?, first)));
        held.next().expect("a free block of ports")
    };
    OWN.get_or_init(find).1
}
