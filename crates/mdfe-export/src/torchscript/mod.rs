//! TorchScript archives for PyTorch 1.11 and later: `torch.jit.load` runs them without mdfe.
//!
//! | entry | holds |
//! |---|---|
//! | `data.pkl` | the module's attributes, a pickle of protocol 2 whose tensors point to `data/N` |
//! | `code/__torch__.py` | its one method, the loops unrolled |
//! | `data/N` | a tensor's bytes |
//! | `constants.pkl` | an empty tuple |
//! | `version` | 3, which every PyTorch since 1.6 reads |
//! | `extra/mdfe.json` | what the file says about itself |
//!
//! Format text: PyTorch's `torch/csrc/jit/docs/serialization.md`.

mod code;
mod execute;
mod expression;
mod pickle;
mod read;
mod resize;

use crate::{Model, Result, tensor::f32_bytes, zip::Archive};
pub use execute::run_torchscript;
use mdfe_data::files::{WriteOptions, write_with};
use std::{
    io::{self, Write},
    path::Path,
};

/// The folder of all entries.
const ROOT: &str = "saved_model";
/// The entry with the module's attributes, and that with its code.
const MODULE: &str = "data.pkl";
const CODE: &str = "code/__torch__.py";
/// The name that the Google Universal Image Embedding Challenge asks for.
const SAVED_MODEL: &str = "saved_model.pt";
/// The file that [`write_submission`] leaves.
pub const SUBMISSION: &str = "submission.zip";

/// Writes `model` to `path` as a TorchScript archive.
///
/// # Errors
/// [`crate::Error::Data`] when the file cannot be written; what was there stays as it was.
pub fn write_torchscript(model: &Model, path: &Path) -> Result<()> {
    Ok(write_with(path, &WriteOptions::default(), |out| write(model, out))?)
}

/// Writes `submission.zip` to the folder `dir`: `saved_model.pt` alone, as Kaggle took it.
///
/// # Errors
/// Those of [`write_torchscript`].
pub fn write_submission(model: &Model, dir: &Path) -> Result<std::path::PathBuf> {
    let path = dir.join(SUBMISSION);
    write_with(&path, &WriteOptions::default(), |out| {
        let mut inner = Vec::new();
        write(model, &mut inner)?;
        let mut archive = Archive::new(out);
        archive.add(SAVED_MODEL, &inner)?;
        archive.finish()
    })?;
    Ok(path)
}

/// The archive. Every attribute is a tensor: those of the graph and, behind them, those of the resize.
fn write(model: &Model, out: &mut dyn Write) -> io::Result<()> {
    let attributes = code::attributes(model);
    let mut archive = Archive::new(out);
    let mut add = |name: &str, bytes: &[u8]| archive.add(&format!("{ROOT}/{name}"), bytes);
    add(MODULE, &pickle::module(code::CLASS, &attributes))?;
    add(CODE, code::source(model, &attributes).as_bytes())?;
    for (i, attribute) in attributes.iter().enumerate() {
        let bytes = f32_bytes(&attribute.tensor).map_err(io::Error::other)?;
        add(&format!("data/{i}"), &bytes)?;
    }
    add("constants.pkl", pickle::EMPTY_TUPLE)?;
    add("extra/mdfe.json", model.about.to_string().as_bytes())?;
    add("version", b"3\n")?;
    archive.finish()
}

#[cfg(test)]
mod tests;
