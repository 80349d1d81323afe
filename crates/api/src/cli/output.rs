//! Standard output and standard error. If their reader has closed them, the program does not panic, and the result of a
//! command stays the same.

use std::io::{ErrorKind, Write};

use super::CommandError;

/// Writes to standard output. Returns false if the reader has closed it, as `head` does.
///
/// # Errors
/// It cannot be written for another reason, such as a full disk.
pub(super) fn say(text: impl AsRef<[u8]>) -> Result<bool, CommandError> {
    written(&mut std::io::stdout().lock(), text.as_ref())
}

/// Writes a line to standard output.
///
/// # Errors
/// As [`say`].
pub(super) fn say_line(line: impl AsRef<str>) -> Result<bool, CommandError> {
    say(format!("{}\n", line.as_ref()))
}

/// Writes to standard error why a command failed, or what the user needs to know in that case. If it cannot be written,
/// only the exit status tells.
pub(super) fn complain(why: &str) {
    let _unread = writeln!(std::io::stderr().lock(), "dashop: {why}");
}

fn written(out: &mut impl Write, bytes: &[u8]) -> Result<bool, CommandError> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(CommandError::Output(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// A writer that fails with this error.
    struct Shut(ErrorKind);

    impl Write for Shut {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_reader_who_goes_away_is_no_failure_and_a_full_disk_is() {
        let mut read = Vec::new();
        assert!(written(&mut read, b"said\n").unwrap());
        assert_eq!(read, b"said\n");
        assert!(!written(&mut Shut(ErrorKind::BrokenPipe), b"said\n").unwrap());
        let full = written(&mut Shut(ErrorKind::StorageFull), b"said\n");
        assert!(matches!(full, Err(CommandError::Output(_))), "{full:?}");
    }
}
