use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files beyond this many are of no use: no more connections are accepted than half of them.
const ENOUGH: u64 = 65_536;

/// How many files the program may have open, after making it as many as it is allowed to.
pub(crate) fn open_files() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(ENOUGH).min(ENOUGH);
    // No limit is none.
    let current = current.unwrap_or(ENOUGH);
    let files = if current < wanted
        && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).is_ok()
    {
        wanted
    } else {
        current
    };
    usize::try_from(files).unwrap_or(usize::MAX)
}
