//! The service on loopback, with a model that can be held and made to fail.
#![allow(clippy::unwrap_used, clippy::panic)]

mod add;
mod embed;
mod hostile;
mod limits;
mod search;
mod status;
mod stub;
mod tiny;
