use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::{StaffKey, TokenKey};

/// What tokens are signed and verified with.
pub struct Secrets {
    /// The tokens of buyers.
    pub buyers: TokenKey,
    /// The tokens of staff; `None` if nobody is let in.
    pub staff: Option<StaffKey>,
}

/// The secrets in force. They are replaced all at once: whoever has taken them works with the same ones to the end.
pub struct SecretsInForce(ArcSwap<Secrets>);

impl SecretsInForce {
    /// With these to begin with.
    pub fn new(secrets: Secrets) -> Self {
        Self(ArcSwap::from_pointee(secrets))
    }

    /// Those of this moment.
    pub(crate) fn in_force(&self) -> Guard<Arc<Secrets>> {
        self.0.load()
    }

    /// From now on it is these.
    pub(crate) fn replace(&self, secrets: Secrets) {
        self.0.store(Arc::new(secrets));
    }
}
