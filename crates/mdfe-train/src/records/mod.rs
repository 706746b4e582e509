//! The records of a training that other programs read: TensorBoard's event files.

mod crc32c;
mod event;
mod event_file;
mod tf_record;

pub(crate) use event::Tagged;
pub(crate) use event_file::EventFile;
