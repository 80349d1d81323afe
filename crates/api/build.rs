//! Tells the program its commit: from the environment, where a build without a repository is told, else from git. Only release
//! builds ask git: the others would be built anew at each commit.

use std::{env, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    for (name, format) in [("BUILT_FROM_COMMIT", "%h"), ("BUILT_FROM_DATE", "%cs")] {
        println!("cargo::rerun-if-env-changed={name}");
        let told = env::var(name).ok().filter(|value| !value.is_empty());
        let value = told.or_else(|| if is_release { of_head(format) } else { None });
        println!("cargo::rustc-env={name}={}", value.as_deref().unwrap_or("unknown"));
    }
    if is_release && let Some(head) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={head}");
    }
}

fn of_head(format: &str) -> Option<String> {
    git(&["log", "-1", &format!("--format={format}")])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    // What is no word of git's does not get into the program.
    let is_sane = |text: &String| !text.is_empty() && !text.contains(char::is_whitespace);
    Some(text).filter(is_sane)
}
