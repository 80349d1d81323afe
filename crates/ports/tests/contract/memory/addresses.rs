use std::cmp::Reverse;

use async_trait::async_trait;
use domain::{
    Address, AddressChange, AddressEntries, AddressEntry, AddressId, PasswordHash, ShopTime, UserId, Username,
};
use ports::{AddressBook, Credential, Credentials, StoreError, Users};

use super::{Account, Defect, Memory, Tables, pause};

#[async_trait]
impl AddressBook for Memory {
    async fn entries(&self, user_id: UserId) -> Result<AddressEntries, StoreError> {
        let tables = self.tables();
        let rows = tables.addresses.iter().filter(|(owner, _, is_alive)| {
            *owner == user_id && (*is_alive || self.has(Defect::ShowsDeleted))
        });
        let entry = |(_, address, _): &(UserId, Address, bool)| AddressEntry {
            postcode: tables.postcodes.get(&address.id).cloned().unwrap_or_default(),
            address: address.clone(),
        };
        let mut entries: Vec<AddressEntry> = rows.map(entry).collect();
        entries.sort_by_key(|AddressEntry { address, .. }| (Reverse(address.is_default), address.id));
        Ok(AddressEntries(entries))
    }

    async fn apply(
        &self,
        user_id: UserId,
        decided_on: &AddressEntries,
        change: &AddressChange,
        _at: ShopTime,
    ) -> Result<bool, StoreError> {
        let _writer = self.writer.lock().await;
        pause().await;
        if self.entries(user_id).await? != *decided_on && !self.has(Defect::WritesOnAnything) {
            return Ok(false);
        }
        pause().await;
        self.tables().change_addresses(user_id, change, self.defect);
        Ok(true)
    }
}

impl Tables {
    fn change_addresses(&mut self, user_id: UserId, change: &AddressChange, defect: Option<Defect>) {
        match change {
            AddressChange::Insert { shipping, postcode, is_default } => {
                let id = AddressId(i32::try_from(self.addresses.len()).unwrap() + 1);
                let address = Address { id, is_default: *is_default, shipping: shipping.clone() };
                self.addresses.push((user_id, address, true));
                self.postcodes.insert(id, postcode.as_str().to_owned());
            }
            AddressChange::Rewrite(id, shipping) => {
                for (_, address, _) in &mut self.addresses {
                    if address.id == *id {
                        address.shipping = shipping.clone();
                    }
                }
            }
            AddressChange::Delete { id, new_default } => {
                for (_, address, is_alive) in &mut self.addresses {
                    *is_alive &= address.id != *id;
                }
                if let Some(new_default) = new_default {
                    self.prefer(user_id, *new_default, defect);
                }
            }
            AddressChange::Prefer(id) => self.prefer(user_id, *id, defect),
        }
    }

    fn prefer(&mut self, user_id: UserId, id: AddressId, defect: Option<Defect>) {
        for (owner, address, _) in &mut self.addresses {
            let is_meant = *owner == user_id || defect == Some(Defect::IgnoresOwner);
            let keeps = defect == Some(Defect::KeepsDefaults) && address.is_default;
            if is_meant {
                address.is_default = address.id == id || keeps;
            }
        }
    }
}

#[async_trait]
impl Credentials for Memory {
    async fn credential(&self, username: &Username) -> Result<Option<Credential>, StoreError> {
        let Some(user_id) = Users::find(self, username).await? else { return Ok(None) };
        let account = self.tables().accounts.get(&user_id).cloned();
        Ok(account.map(|Account { is_active, password }| Credential { user_id, is_active, password }))
    }

    async fn keep_hash(&self, user_id: UserId, md5: &str, hash: &PasswordHash) -> Result<bool, StoreError> {
        let keeps_every = self.has(Defect::KeepsEveryHash);
        if let Some(Account { password, .. }) = self.tables().accounts.get_mut(&user_id)
            && (keeps_every || (password.hash.is_none() && password.md5 == md5))
        {
            password.hash = Some(hash.clone());
            return Ok(true);
        }
        Ok(false)
    }
}
