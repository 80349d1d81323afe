use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// More open files than this are not needed: at most half of them are used for connections.
const ENOUGH: u64 = 65_536;

/// Raises the limit of open files as far as allowed and needed, and returns it.
pub(crate) fn open_files() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(ENOUGH).min(ENOUGH);
    // `None` means unlimited.
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
