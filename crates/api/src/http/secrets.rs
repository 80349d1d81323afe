use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::{StaffKey, TokenKey};

/// The keys that sign and verify tokens.
pub struct Secrets {
    /// The tokens of buyers.
    pub buyers: TokenKey,
    /// The tokens of staff; `None` if staff cannot sign in.
    pub staff: Option<StaffKey>,
}

/// The secrets in force. They are replaced together: a request that has read them keeps the same ones to its end.
pub struct SecretsInForce(ArcSwap<Secrets>);

impl SecretsInForce {
    /// Starts with these secrets.
    pub fn new(secrets: Secrets) -> Self {
        Self(ArcSwap::from_pointee(secrets))
    }

    /// The current secrets.
    pub(crate) fn in_force(&self) -> Guard<Arc<Secrets>> {
        self.0.load()
    }

    /// Replaces the secrets.
    pub(crate) fn replace(&self, secrets: Secrets) {
        self.0.store(Arc::new(secrets));
    }
}
