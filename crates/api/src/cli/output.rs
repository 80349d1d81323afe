//! Standard output and standard error, whose readers may have read enough: no panic, and nothing that a command did
//! becomes another thing by it.

use std::io::{ErrorKind, Write};

use super::CommandError;

/// Says it on standard output. False if the reader has closed it, as `head` does.
///
/// # Errors
/// It cannot be written for another reason, such as a full disk.
pub(super) fn say(text: impl AsRef<[u8]>) -> Result<bool, CommandError> {
    written(&mut std::io::stdout().lock(), text.as_ref())
}

/// Says it in a line of its own.
///
/// # Errors
/// As [`say`].
pub(super) fn say_line(line: impl AsRef<str>) -> Result<bool, CommandError> {
    say(format!("{}\n", line.as_ref()))
}

/// Says on standard error why a command failed, or what is needed where it does; where nobody reads that, the exit status
/// alone tells.
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

    /// Cannot be written to, for this reason.
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
