//! From a weights file to its reader, by the file's name.

use super::{ANY, TensorSource, pickle::PickleFile, safetensors_file::SafetensorsFile, sharded};
use crate::Result;
use std::path::Path;

/// Extensions of PyTorch's own format; everything else is read as safetensors.
const PICKLED: [&str; 4] = ["bin", "pt", "pth", "ckpt"];

/// The readers of `path`: one, or one for each shard of an index.
pub(super) fn sources(path: &Path) -> Result<Vec<Box<dyn TensorSource>>> {
    sharded::files(path)?.iter().map(|file| source(file)).collect()
}

fn source(path: &Path) -> Result<Box<dyn TensorSource>> {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    if PICKLED.contains(&extension) {
        return Ok(Box::new(PickleFile::open(path)?));
    }
    Ok(Box::new(SafetensorsFile::open(path, ANY)?))
}

#[cfg(test)]
mod tests {
    use super::super::Weights;
    use std::path::PathBuf;

    fn fixture(name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights").join(name)
    }

    fn message(path: PathBuf) -> String {
        Weights::open(&[path]).err().unwrap().to_string()
    }

    /// `a [2, 3]` counts from 0 and `b [2]` is its second column; written by `tests/reference/pretrained/state_dicts.py`.
    fn check(name: &str) {
        let weights = Weights::open(&[fixture(name)]).unwrap();
        let a = weights.get("a", &[2, 3]).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(a, [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], "{name}");
        assert_eq!(weights.get("b", &[2]).unwrap().to_vec1::<f32>().unwrap(), [1.5, 4.5], "{name}");
        weights.finish("toy").unwrap();
    }

    #[test]
    fn state_dicts_are_found_bare_nested_prefixed_and_in_half_precision() {
        for name in ["plain.bin", "nested.pt", "module.pth", "half.bin", "transposed.bin", "view.bin"] {
            check(name);
        }
    }

    #[test]
    fn shards_beside_their_index_are_one_model() {
        check("model.safetensors.index.json");
    }

    #[test]
    fn files_that_cannot_be_read_say_why() {
        assert!(message(fixture("legacy.pth")).contains("torch.save"));
        assert!(message(fixture("empty.pt")).contains("holds no tensors by name"));
        let dir = tempfile::tempdir().unwrap();
        let whole = std::fs::read(fixture("plain.bin")).unwrap();
        let cut = dir.path().join("cut.bin");
        std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
        let said = message(cut);
        assert!(said.contains("cut.bin") && said.contains("download it again"), "{said}");
    }

    #[test]
    fn an_index_without_its_shards_names_them() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("model.safetensors.index.json");
        std::fs::copy(fixture("model.safetensors.index.json"), &index).unwrap();
        let said = message(index.clone());
        assert!(
            said.contains("`model-00001-of-00002.safetensors`, `model-00002-of-00002.safetensors`"),
            "{said}"
        );
        std::fs::write(&index, r#"{"weight_map": {"a": "../secret.safetensors"}}"#).unwrap();
        assert!(message(index).contains("not a plain file name"));
    }
}
