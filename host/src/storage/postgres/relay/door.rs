//! Where the driver of one connection finds us.
//!
//! On Linux the address is an abstract name, so that no file is needed, which a full or read-only
//! disk would refuse. Elsewhere it is a socket in a folder of our own. Each connection has an
//! address of its own, which is gone once it has been used. Who is not this process is sent away.

use crate::storage::hex;
use std::io::{self, Error};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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

    /// Lets the driver in with what the server has said of the session, whatever the driver asks
    /// for. Its connection does not block, and is not known to the runtime: see [`super::Relay`].
    pub(super) async fn let_in(self, said: &[u8]) -> io::Result<UnixStream> {
        let mut near = self.accept().await?;
        let length = usize::try_from(near.read_u32().await?).unwrap_or_default();
        near.read_exact(&mut vec![0; length.saturating_sub(size_of::<u32>())]).await?;
        near.write_all(said).await?;
        near.into_std()
    }

    /// The connection of this process.
    async fn accept(&self) -> io::Result<tokio::net::UnixStream> {
        let own = i32::try_from(std::process::id()).ok();
        loop {
            let (stream, _) = self.listener.accept().await?;
            if own.is_some() && stream.peer_cred()?.pid() == own {
                return Ok(stream);
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
    use tokio::net::UnixStream;

    #[tokio::test]
    async fn each_connection_finds_its_own_address_and_is_let_in_with_what_was_said() {
        let (one, other) = (Door::open().expect("a socket"), Door::open().expect("a socket"));
        for (door, word) in [(other, b"b"), (one, b"a")] {
            let path = format!("{}/.s.PGSQL.{}", door.folder().display(), door.port());
            let driver = async {
                let mut far = UnixStream::connect(path).await?;
                far.write_all(b"\0\0\0\x09start").await?;
                let mut said = [0];
                far.read_exact(&mut said).await?;
                io::Result::Ok((said, far))
            };
            let (near, driver) = tokio::join!(door.let_in(word), driver);
            let (said, mut far) = driver.expect("let in");
            assert_eq!(&said, word);
            // What the driver says next is for the server.
            far.write_all(word).await.expect("room");
            let mut read = [0];
            std::io::Read::read_exact(&mut near.expect("let in"), &mut read).expect("it is there");
            assert_eq!(&read, word);
        }
    }
}
