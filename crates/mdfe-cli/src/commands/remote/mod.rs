//! Stores: addresses as inputs, and copies of run folders.

mod copies;
mod inputs;
mod local_part;

pub(super) use copies::{Copies, destination};
pub(super) use inputs::{add, address, parts};
pub(super) use local_part::LocalPart;

use anyhow::Result;
use mdfe_remote::Stores;
use std::sync::{Arc, Mutex, PoisonError};

/// The stores of this process, opened with the first address: connections and tokens are used again.
static STORES: Mutex<Option<Arc<Stores>>> = Mutex::new(None);

fn stores() -> Result<Arc<Stores>> {
    let mut opened = STORES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(stores) = &*opened {
        return Ok(Arc::clone(stores));
    }
    let stores = Arc::new(Stores::of_process()?);
    *opened = Some(Arc::clone(&stores));
    Ok(stores)
}
