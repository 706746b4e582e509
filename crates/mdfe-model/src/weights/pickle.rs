//! A PyTorch state dict (`.bin`, `.pt`, `.pth`), read without running what it holds: candle interprets the few pickle
//! operations that tensors need.

use super::{ANY, TensorSource};
use crate::{Error, Result};
use candle_core::{Tensor, pickle::PthTensors};
use std::path::{Path, PathBuf};

/// Where training code puts the state dict when the file holds more: first the file itself, then these keys.
const NESTED: [&str; 4] = ["state_dict", "model", "model_state_dict", "module"];

/// The first bytes of a zip archive, which `torch.save` has written since PyTorch 1.6.
const ZIP: &[u8] = b"PK\x03\x04";

pub(super) struct PickleFile {
    path: PathBuf,
    tensors: PthTensors,
}

impl PickleFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let io = Error::io("read", path);
        let mut start = [0; 4];
        let mut file = std::fs::File::open(path).map_err(&io)?;
        std::io::Read::read_exact(&mut file, &mut start).map_err(io)?;
        if start != ZIP {
            return Err(Error::misfit(
                path,
                ANY,
                "it is no zip archive as PyTorch writes since 1.6; write it again with `torch.save(torch.load(f), f)` or \
                 convert it to safetensors",
            ));
        }
        for key in std::iter::once(None).chain(NESTED.map(Some)) {
            match PthTensors::new(path, key) {
                Ok(tensors) if !tensors.tensor_infos().is_empty() => {
                    return Ok(Self { path: path.to_path_buf(), tensors });
                }
                // Without a key, a failure is the file's; with one, the key may only be absent.
                Err(e) if key.is_none() => return Err(unreadable(path, &e)),
                _ => {}
            }
        }
        let keys = NESTED.join("`, `");
        Err(Error::misfit(
            path,
            ANY,
            format!(
                "it holds no tensors by name, neither itself nor under `{keys}`; save the model's `state_dict()` (of a \
                 TorchScript archive too)"
            ),
        ))
    }
}

impl TensorSource for PickleFile {
    fn keys(&self) -> Vec<String> {
        self.tensors.tensor_infos().keys().cloned().collect()
    }

    fn shape(&self, key: &str) -> Option<Vec<usize>> {
        Some(self.tensors.tensor_infos().get(key)?.layout.dims().to_vec())
    }

    fn load(&self, key: &str) -> Result<Tensor> {
        let tensor = self.tensors.get(key).map_err(|e| unreadable(&self.path, &e))?;
        tensor.ok_or_else(|| Error::misfit(&self.path, ANY, format!("the key `{key}` is missing")))
    }
}

fn unreadable(path: &Path, e: &candle_core::Error) -> Error {
    Error::misfit(
        path,
        ANY,
        format!("it is not a whole PyTorch file ({e}); download it again, or convert it to safetensors"),
    )
}
