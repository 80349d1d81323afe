//! 收货地址: shows a buyer's address book and changes it.

use domain::{AddressEdit, AddressEntries, Caller};
use ports::StoreError;

use crate::{
    ShoppingError, ShoppingService,
    retries::{ATTEMPTS, Again, Attempts},
};

impl ShoppingService {
    /// The user's entries, the default one first.
    pub async fn show_addresses(&self, caller: &Caller) -> Result<AddressEntries, ShoppingError> {
        let user_id = crate::noticed::buyer(self.users.authenticate(caller).await??);
        Ok(self.address_book.entries(user_id).await?)
    }

    /// Changes the user's address book and returns its entries.
    pub async fn edit_addresses(
        &self,
        caller: &Caller,
        edit: &AddressEdit,
    ) -> Result<AddressEntries, ShoppingError> {
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
            attempts.again(why, ShoppingError::Conflict).await?;
        }
    }
}
