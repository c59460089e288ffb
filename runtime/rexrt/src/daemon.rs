// SPDX-License-Identifier: GPL-2.0-only
//! The daemon: one per user, on a socket only that user can reach.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, Write};
use std::mem;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::hub::Hub;
use crate::policy::Policy;
use crate::session;

/// How long the daemon stays without client and object.
pub const LINGER: Duration = Duration::from_secs(30);
/// How long a client may keep the daemon from writing to it.
const SLOWEST: Duration = Duration::from_secs(10);
/// How long the end waits for clients that still have to be written to.
const FAREWELL: Duration = Duration::from_secs(1);

/// Directory of socket and lock: `$XDG_RUNTIME_DIR/rex`, else `/run/user/UID/rex` where
/// that user directory exists, else `/tmp/rex-UID`.
pub fn directory() -> PathBuf {
    let user = user();
    if let Some(directory) = std::env::var_os("XDG_RUNTIME_DIR").filter(|value| !value.is_empty()) {
        return PathBuf::from(directory).join("rex");
    }
    let run = PathBuf::from(format!("/run/user/{user}"));
    if run.is_dir() {
        return run.join("rex");
    }
    PathBuf::from(format!("/tmp/rex-{user}"))
}

/// Path of the socket.
pub fn socket_path() -> PathBuf {
    directory().join("rexrt.sock")
}

/// What became of an attempt to be the daemon.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It served and ended.
    Served,
    /// Another one is there already.
    AlreadyRunning,
}

/// Runs the daemon until it is no longer needed.
pub fn run(linger: Duration, policy: Policy) -> io::Result<Outcome> {
    let directory = directory();
    prepare(&directory)?;
    let Some(_lock) = take_lock(&directory.join("rexrt.lock"))? else {
        return Ok(Outcome::AlreadyRunning);
    };
    let path = socket_path();
    // Whoever left a socket behind is gone, because the lock is ours.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(named(&path, &error)),
        _ => {}
    }
    let listener = UnixListener::bind(&path).map_err(|error| named(&path, &error))?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    // SAFETY: no pointers. An error means that we lead a session already.
    unsafe { libc::setsid() };
    std::env::set_current_dir("/")?;
    let hub = Hub::new(policy)?;
    {
        let hub = Arc::clone(&hub);
        thread::Builder::new()
            .name("accept".into())
            .spawn(move || accept(&hub, &listener))?;
    }
    hub.wait_for_end(linger);
    // Nobody can connect any more; then what is loaded goes.
    let removed = fs::remove_file(&path);
    hub.unload_all();
    // The answer to the one who asked for the end is among what is still to be written.
    hub.serve_out(FAREWELL);
    removed?;
    Ok(Outcome::Served)
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Makes the directory, or checks that it belongs to this user and to nobody else.
fn prepare(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(named(directory, &error)),
    }
    let found = fs::symlink_metadata(directory)?;
    if !found.is_dir() || found.uid() != user() || found.mode() & 0o077 != 0 {
        let message = format!(
            "{} must be a directory of user {} that nobody else may enter (0700)",
            directory.display(),
            user()
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    Ok(())
}

/// Takes the lock, for as long as the file is open; nothing if another process has it.
fn take_lock(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    let file = file.map_err(|error| named(path, &error))?;
    // SAFETY: no pointers.
    if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } == 0 {
        return Ok(Some(file));
    }
    match io::Error::last_os_error() {
        error if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        error => Err(named(path, &error)),
    }
}

fn accept(hub: &Arc<Hub>, listener: &UnixListener) {
    loop {
        let stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(_) => {
                // Out of descriptors, most likely: wait until a client leaves.
                thread::sleep(Duration::from_millis(50));
                continue;
            }
        };
        let hub = Arc::clone(hub);
        let serve = move || {
            // A client that cannot be served sees its connection close.
            let _ = serve(&hub, stream);
        };
        let _ = thread::Builder::new()
            .name("connection".into())
            .spawn(serve);
    }
}

fn serve(hub: &Arc<Hub>, stream: UnixStream) -> io::Result<()> {
    let peer = peer(&stream)?;
    if peer.uid != user() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let writer = stream.try_clone()?;
    writer.set_write_timeout(Some(SLOWEST))?;
    session::serve(hub, peer.pid, BufReader::new(stream), writer);
    Ok(())
}

fn peer(stream: &UnixStream) -> io::Result<libc::ucred> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut size = mem::size_of_val(&peer) as libc::socklen_t;
    // SAFETY: the pointer goes with the size of what it points to.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut size,
        )
    };
    if result == 0 {
        Ok(peer)
    } else {
        Err(io::Error::last_os_error())
    }
}

fn user() -> u32 {
    // SAFETY: geteuid has no preconditions.
    unsafe { libc::geteuid() }
}

/// Asks this user's daemon to end, and waits until it has let go of its clients.
pub fn shut_down() -> io::Result<()> {
    let path = socket_path();
    let mut stream = match UnixStream::connect(&path) {
        Ok(stream) => stream,
        Err(error)
            if [io::ErrorKind::NotFound, io::ErrorKind::ConnectionRefused]
                .contains(&error.kind()) =>
        {
            return Ok(());
        }
        Err(error) => return Err(named(&path, &error)),
    };
    stream.set_read_timeout(Some(SLOWEST))?;
    stream.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"shutdown\"}\n")?;
    // The answer first; then the connection ends with the daemon.
    for line in BufReader::new(stream).lines() {
        line?;
    }
    Ok(())
}

/// Serves one client on standard input and output.
pub fn stdio() -> io::Result<()> {
    let hub = Hub::new(Policy::default())?;
    // SAFETY: getppid has no preconditions.
    let parent = unsafe { libc::getppid() };
    session::serve(&hub, parent, io::stdin().lock(), io::stdout());
    hub.unload_all();
    Ok(())
}
