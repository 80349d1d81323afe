//! What the program tells a service manager (sd_notify(3)).

use std::{os::unix::net::UnixDatagram, time::Duration};

use tests::{Setup, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_service_manager_knows_when_the_program_serves_reloads_lives_and_stops() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut heard: Vec<String> = Vec::new();
    let mut hear = || {
        let mut buffer = [0; 4096];
        while let Ok(length) = socket.recv(&mut buffer) {
            heard.extend(str::from_utf8(&buffer[..length]).unwrap().lines().map(str::to_owned));
        }
        heard.clone()
    };
    let setup = Setup::embedded().with("NOTIFY_SOCKET", &path.display().to_string());
    let dashop = setup.with("WATCHDOG_USEC", "200000").start().await;
    until("it is ready", async || hear().contains(&"READY=1".to_owned())).await;
    until("it lives", async || hear().iter().filter(|said| *said == "WATCHDOG=1").count() > 3).await;

    dashop.signal("HUP");
    until("it has reloaded", async || hear().iter().filter(|said| *said == "READY=1").count() == 2).await;
    let said = hear();
    let reloading = said.iter().position(|said| said == "RELOADING=1").unwrap();
    let since = said[reloading + 1].strip_prefix("MONOTONIC_USEC=").unwrap();
    assert!(since.parse::<u64>().unwrap() > 0, "{said:?}");
    assert!(said[reloading..].contains(&"READY=1".to_owned()), "{said:?}");
    assert!(!said.contains(&"STOPPING=1".to_owned()), "{said:?}");

    // A program that hangs sends nothing.
    dashop.signal("STOP");
    until("it is stopped", async || dashop.is_stopped_by_a_signal()).await;
    let lives = hear().len();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(hear().len(), lives);
    dashop.signal("CONT");
    dashop.stop().await;
    assert_eq!(hear().iter().filter(|said| *said == "STOPPING=1").count(), 1);
}
