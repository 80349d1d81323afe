//! 收货地址: shows a buyer's address book and changes it.

use domain::{AddressEdit, AddressEntries, AddressRefusal, Caller, NotAdmitted};
use ports::StoreError;

use crate::{
    ShoppingService,
    retries::{ATTEMPTS, Again, Attempts},
};

/// Why the address book is not shown or not changed.
#[derive(Debug, thiserror::Error)]
pub enum EditAddressesError {
    /// The user of the token is not admitted.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// The rules of address books do not allow it.
    #[error(transparent)]
    Refused(#[from] AddressRefusal),
    /// The address book was changed concurrently at every attempt.
    #[error("the address book is being changed by others")]
    Conflict,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ShoppingService {
    /// The user's entries, the default one first.
    pub async fn show_addresses(&self, caller: &Caller) -> Result<AddressEntries, EditAddressesError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        Ok(self.address_book.entries(user_id).await?)
    }

    /// Changes the user's address book and returns its entries.
    pub async fn edit_addresses(
        &self,
        caller: &Caller,
        edit: &AddressEdit,
    ) -> Result<AddressEntries, EditAddressesError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        let mut attempts = Attempts::at_most(ATTEMPTS, &*self.randomness);
        loop {
            let entries = self.address_book.entries(user_id).await?;
            let change = entries.edit(edit)?;
            let why = match self.address_book.apply(user_id, &entries, &change, self.clock.now()).await {
                Ok(true) => return Ok(self.address_book.entries(user_id).await?),
                Ok(false) => Again::Conflict,
                Err(StoreError::Busy(_)) => Again::Busy,
                Err(error) => return Err(error.into()),
            };
            attempts.again(why, EditAddressesError::Conflict).await?;
        }
    }
}
