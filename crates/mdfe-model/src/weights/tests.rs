use super::*;
use safetensors::tensor::{Dtype, TensorView};

fn file(dir: &Path, name: &str, tensors: &[(&str, Dtype, &[usize], Vec<u8>)]) -> PathBuf {
    let views = tensors
        .iter()
        .map(|(key, dtype, shape, bytes)| (*key, TensorView::new(*dtype, shape.to_vec(), bytes).unwrap()));
    let path = dir.join(name);
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    path
}

#[test]
fn half_precision_files_load_as_f32() {
    let dir = tempfile::tempdir().unwrap();
    let f16: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|x| half::f16::from_f32(*x).to_le_bytes()).collect();
    let bf16: Vec<u8> = [0.5f32, 3.0].iter().flat_map(|x| half::bf16::from_f32(*x).to_le_bytes()).collect();
    let path =
        file(dir.path(), "w.safetensors", &[("a", Dtype::F16, &[2], f16), ("b", Dtype::BF16, &[2], bf16)]);
    let weights = Weights::open(&[path]).unwrap();
    assert_eq!(weights.get("a", &[2]).unwrap().to_vec1::<f32>().unwrap(), [1.5, -2.0]);
    assert_eq!(weights.get("b", &[2]).unwrap().to_vec1::<f32>().unwrap(), [0.5, 3.0]);
    assert_eq!(weights.on(&Device::Cpu, DType::BF16).get("a", &[2]).unwrap().dtype(), DType::BF16);
    weights.finish("toy").unwrap();
}

#[test]
fn one_error_lists_missing_mis_shaped_and_unexpected_keys_and_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let zeros = |n: usize| vec![0u8; 4 * n];
    let path = file(
        dir.path(),
        "odd.safetensors",
        &[
            ("visual.blocks.0.w", Dtype::F32, &[2, 3], zeros(6)),
            ("visual.stray", Dtype::F32, &[1], zeros(1)),
            ("visual.head.weight", Dtype::F32, &[1], zeros(1)),
            ("text.w", Dtype::F32, &[1], zeros(1)),
        ],
    );
    let weights = Weights::open(&[path]).unwrap();
    let block = weights.at("blocks").at(0);
    assert_eq!(block.get("w", &[3, 2]).unwrap().dims(), [3, 2]);
    assert_eq!(block.get("b", &[3]).unwrap().dims(), [3]);
    weights.allow_unused("head.");
    let message = weights.finish("toy").unwrap_err().to_string();
    let expected = "odd.safetensors does not fit toy: 1 missing: `blocks.0.b` [3]; \
                    1 mis-shaped: `blocks.0.w` is [2, 3], expected [3, 2]; 1 unexpected: `stray`";
    assert!(message.ends_with(expected), "{message}");
}

#[test]
fn shards_are_one_set_and_a_key_in_two_shards_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let one = file(dir.path(), "1.safetensors", &[("a", Dtype::F32, &[1], vec![0; 4])]);
    let two = file(dir.path(), "2.safetensors", &[("b", Dtype::F32, &[1], vec![0; 4])]);
    let weights = Weights::open(&[one.clone(), two]).unwrap();
    assert_eq!(weights.keys(), ["a", "b"]);
    let message = Weights::open(&[one.clone(), one]).err().unwrap().to_string();
    assert!(message.contains("name the same tensor"), "{message}");
}

#[test]
fn a_file_that_is_cut_short_or_absent_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("cut.safetensors");
    std::fs::write(&path, b"\x10\0\0\0\0\0\0\0{").unwrap();
    let message = Weights::open(std::slice::from_ref(&path)).err().unwrap().to_string();
    assert!(
        message.contains("cut.safetensors") && message.contains("download or write it again"),
        "{message}"
    );
    std::fs::remove_file(&path).unwrap();
    let message = Weights::open(&[path]).err().unwrap().to_string();
    assert!(message.contains("cannot read") && message.contains("cut.safetensors"), "{message}");
}

#[test]
fn tensors_in_memory_are_handed_out_themselves() {
    let variable = candle_core::Var::new(&[1f32, 2.0], &Device::Cpu).unwrap();
    let weights =
        Weights::from_tensors(HashMap::from([("v".to_owned(), variable.as_tensor().clone())])).unwrap();
    assert_eq!(weights.get("v", &[2]).unwrap().id(), variable.as_tensor().id());
}

#[test]
fn weights_are_known_by_the_tensors_that_are_used_in_whatever_file_they_lie() {
    let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
    let of = |tensors: &[(&str, Tensor)]| {
        let map = tensors.iter().map(|(key, t)| ((*key).to_owned(), t.clone())).collect();
        Weights::from_tensors(map).unwrap().fingerprint(["a", "b"]).unwrap()
    };
    let (a, b) = (tensor(&[1.0, 2.0]), tensor(&[3.0]));
    let base = of(&[("a", a.clone()), ("b", b.clone())]);
    // A full CLIP for its image tower: wrapped, with a text tower and other things beside it.
    let wrapped = [("visual.b", b.clone()), ("visual.a", a.clone()), ("logit_scale", tensor(&[9.0]))];
    assert_eq!(of(&wrapped), base);
    assert_eq!(of(&[("a", a.clone()), ("b", b.clone()), ("head.weight", tensor(&[9.0]))]), base);
    for other in [
        of(&[("a", tensor(&[1.0, 2.5])), ("b", b.clone())]),
        of(&[("a", a.reshape((2, 1)).unwrap()), ("b", b.clone())]),
        of(&[("a", a.to_dtype(DType::F16).unwrap()), ("b", b.clone())]),
        of(&[("a", b.clone()), ("b", a.clone())]),
        of(&[("a", a.clone())]),
    ] {
        assert_ne!(other, base);
    }
}
