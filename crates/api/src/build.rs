//! Which program this is.

/// The version of the release.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from; `unknown` where the build did not know.
pub(crate) const COMMIT: &str = env!("BUILT_FROM_COMMIT");
/// The day of that commit.
pub(crate) const DATE: &str = env!("BUILT_FROM_DATE");
/// All of it in a line, for `dashop --version`.
pub(crate) const LINE: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILT_FROM_COMMIT"), ", ", env!("BUILT_FROM_DATE"), ")");
