//! Lists as this crate writes them.

use crate::{Error, Result};

/// A CSV in memory: quoted where needed, lines end in `\n`.
///
/// # Errors
/// [`Error::Invalid`] if a row cannot be written, which one in memory always can.
pub(crate) fn csv_bytes<R, I>(header: &[&str], rows: R) -> Result<Vec<u8>>
where
    R: IntoIterator<Item = I>,
    I: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut writer = csv::Writer::from_writer(Vec::new());
    let fault = |e: csv::Error| Error::Invalid(format!("a list cannot be written: {e}"));
    writer.write_record(header).map_err(fault)?;
    for row in rows {
        writer.write_record(row).map_err(fault)?;
    }
    writer.into_inner().map_err(|e| Error::Invalid(format!("a list cannot be written: {e}")))
}
