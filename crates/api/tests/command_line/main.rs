//! The program's commands as a shell sees them: exit statuses, and the output to readers and to closed pipes.

use std::{
    io::pipe,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// The demo shop's command line, in its own directory.
struct Shell(TempDir);

impl Shell {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dashop"));
        command.env_clear().env("DASHOP_DATA_DIR", self.0.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs it like `dashop … | true`: the reader ends before anything is printed.
    fn unread(&self, arguments: &[&str]) -> Output {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        self.command(arguments).stdout(writer).output().unwrap()
    }
}

fn errors(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn a_reader_who_goes_away_ends_no_command_badly() {
    let (shell, read) = (Shell::new(), Shell::new());
    for arguments in [
        &["config"][..],
        &["migrate"],
        &["migrate"],
        &["seed-demo"],
        &["seed-demo"],
        &["token", "demo"],
        &["token", "--staff", "店长"],
        &["orders"],
        &["orders", "--csv"],
        &["--help"],
    ] {
        let expected = read.run(arguments);
        assert_eq!(expected.status.code(), Some(0), "{arguments:?}: {expected:?}");
        assert!(!expected.stdout.is_empty(), "{arguments:?} says nothing");
        let unread = shell.unread(arguments);
        assert_eq!(unread.status.code(), Some(0), "{arguments:?}: {unread:?}");
        assert!(!errors(&unread).contains("panicked"), "{arguments:?}: {unread:?}");
    }
}

#[test]
fn a_failure_that_nobody_reads_is_told_by_the_exit_status() {
    let shell = Shell::new();
    for (arguments, status) in
        [(&["order", "1"][..], 1), (&["ship", "x"], 1), (&["reconcile", "1970-01-01"], 2), (&["sell"], 2)]
    {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let ended = shell.command(arguments).stdout(Stdio::null()).stderr(writer).status().unwrap();
        assert_eq!(ended.code(), Some(status), "{arguments:?}");
    }
}

/// In a wrong directory, or with wrong settings, the command would otherwise find an empty shop without errors.
#[test]
fn a_command_that_begins_no_shop_makes_no_database() {
    let shell = Shell::new();
    let copy = shell.0.path().join("copy.db").display().to_string();
    for (arguments, status) in [
        (&["orders"][..], 1),
        (&["order", "2019112820400804"], 1),
        (&["ship", "2019112820400804"], 1),
        (&["refund", "2019112820400804"], 1),
        (&["reconcile", "2019-11-28"], 2),
        (&["audit"], 2),
        (&["anonymise", "--yes"], 1),
        (&["token", "demo"], 1),
        (&["token", "--staff", "店长"], 1),
        (&["backup", &copy], 1),
        (&["doctor"], 1),
    ] {
        let refused = shell.run(arguments);
        assert_eq!(refused.status.code(), Some(status), "{arguments:?}: {refused:?}");
        let said = String::from_utf8([refused.stdout, refused.stderr].concat()).unwrap();
        let why = format!("there is no database {}/dashop.db; is --config", shell.0.path().display());
        assert!(said.contains(&why), "{arguments:?}: {said}");
        let made: Vec<_> = shell.0.path().read_dir().unwrap().collect();
        assert!(made.is_empty(), "{arguments:?}: {made:?}");
    }
    assert!(shell.run(&["migrate"]).status.success());
    assert!(shell.run(&["orders"]).status.success());
}

#[test]
fn an_empty_name_of_the_configuration_file_names_none() {
    let shown = Shell::new().command(&["config"]).env("DASHOP_CONFIG", "").output().unwrap();
    assert!(shown.status.success(), "{shown:?}");
}

/// These texts are shown to buyers and in tables: a line break or an escape could forge lines there.
#[test]
fn what_is_kept_of_arguments_is_one_line() {
    let shell = Shell::new();
    for (arguments, named) in [
        (&["ship", "1", "--carrier"][..], "carrier"),
        (&["ship", "1", "--tracking-number"], "tracking_number"),
        (&["cancel", "1", "--reason"], "--reason"),
        (&["refund"], "printable"),
        (&["refund", "1", "--reason"], "--reason"),
        (&["refund", "1", "--trade-no"], "--trade-no"),
        (&["refund", "1", "--request-id"], "request number"),
        (&["token", "--staff"], "is not a name"),
    ] {
        for text in ["a\nb", "a\u{1b}[31mb", "a\u{7f}b", "a\u{85}b"] {
            let refused = shell.run(&[arguments, &[text]].concat());
            assert_eq!(refused.status.code(), Some(1), "{arguments:?} {text:?}: {refused:?}");
            assert!(errors(&refused).contains(named), "{arguments:?} {text:?}: {refused:?}");
            assert!(!errors(&refused).contains(text), "{arguments:?} {text:?}: {refused:?}");
        }
    }
}
