//! Run folders into stores: what is there already is not sent again, and a training never waits.

mod background;
mod destination;
mod files;
mod ledger;

pub use background::{Left, Uploader};
pub use destination::{Destination, Uploaded};
