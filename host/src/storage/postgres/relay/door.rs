//! Where the driver of one connection finds us.
//!
//! On Linux the address is an abstract name, so that no file is needed, which a full or read-only
//! disk would refuse. Elsewhere it is a socket in a folder of our own. Each connection has an
//! address of its own, which is gone once it has been used. Who is not this process is sent away.

use crate::storage::hex;
use std::io::{self, Error};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use tokio::net::UnixListener;

/// The driver takes the name of a socket's file from the port.
const PORT: u16 = 5432;

/// A local socket that waits for one connection.
pub(super) struct Door {
    folder: PathBuf,
    listener: UnixListener,
}

impl Door {
    pub(super) fn open() -> io::Result<Self> {
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(Error::other)?;
        let folder = folder(&format!("innkeeper-{}", hex(&random)));
        make(&folder)?;
        let listener = UnixListener::bind(folder.join(format!(".s.PGSQL.{PORT}")));
        let listener = listener.inspect_err(|_| remove(&folder))?;
        Ok(Self { folder, listener })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn port(&self) -> u16 {
        PORT
    }

    /// The connection of this process. It does not block, and is not known to the runtime: see
    /// [`super::Relay`].
    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        let own = i32::try_from(std::process::id()).ok();
        loop {
            let (stream, _) = self.listener.accept().await?;
            if own.is_some() && stream.peer_cred()?.pid() == own {
                return stream.into_std();
            }
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        remove(&self.folder);
    }
}

#[cfg(target_os = "linux")]
fn folder(name: &str) -> PathBuf {
    PathBuf::from(format!("\0{name}"))
}

#[cfg(target_os = "linux")]
fn make(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(target_os = "linux")]
fn remove(_: &Path) {}

#[cfg(not(target_os = "linux"))]
fn folder(name: &str) -> PathBuf {
    Path::new("/tmp").join(name)
}

#[cfg(not(target_os = "linux"))]
fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(target_os = "linux"))]
fn remove(folder: &Path) {
    // What cannot be removed is empty and has a name of its own.
    let _ = std::fs::remove_dir_all(folder);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[tokio::test]
    async fn each_connection_finds_its_own_address() {
        let (one, other) = (Door::open().expect("a socket"), Door::open().expect("a socket"));
        for (door, word) in [(&other, b"b"), (&one, b"a")] {
            let path = format!("{}/.s.PGSQL.{}", door.folder().display(), door.port());
            let (near, far) = tokio::join!(door.accept(), tokio::net::UnixStream::connect(path));
            let mut far = far.and_then(tokio::net::UnixStream::into_std).expect("connected");
            far.write_all(word).expect("room");
            let mut read = [0];
            near.expect("accepted").read_exact(&mut read).expect("it is there");
            assert_eq!(&read, word);
        }
    }
}
