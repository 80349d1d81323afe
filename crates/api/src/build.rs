//! The version of this program.

/// The version of the release.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from; `unknown` if the build did not know it.
pub(crate) const COMMIT: &str = env!("BUILT_FROM_COMMIT");
/// The date of that commit.
pub(crate) const DATE: &str = env!("BUILT_FROM_DATE");
/// All of these in one line, for `dashop --version`.
pub(crate) const LINE: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILT_FROM_COMMIT"), ", ", env!("BUILT_FROM_DATE"), ")");
