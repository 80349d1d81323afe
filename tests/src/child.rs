use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command},
    sync::atomic::{AtomicU16, Ordering},
    time::{Duration, Instant},
};

/// A command whose process is killed when the test ends, even if the test itself is killed.
pub fn killed_with_parent(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// The built program of this name: `cargo test --workspace` builds it for the tests of its own package.
pub(crate) fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let mut beside = test.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    beside
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not built: cargo build --bin {name}"))
}

/// Sends a signal, such as `STOP`.
pub(crate) fn signal(pid: u32, name: &str) {
    let status = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(status.success(), "SIG{name} to {pid}");
}

/// Sends SIGKILL. It is no error if the process has already ended.
pub(crate) fn kill(child: &mut Child) {
    let _ended = child.kill();
    let _ended = child.wait();
}

/// Waits until the condition holds; panics after two minutes.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < Duration::from_secs(120), "timed out waiting until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A free address on loopback.
///
/// The port is below the range of outgoing connections: under load, such a connection could take the address before the
/// program starts, or while it restarts. Each test process starts its search at another port.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let begin = std::process::id().wrapping_mul(61);
    loop {
        let offset = begin + u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + u16::try_from(offset % 12_000).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
