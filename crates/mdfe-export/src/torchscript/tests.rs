use super::*;
use crate::{Input, Model};
use candle_core::{Device, Tensor};
use mdfe_data::{CropMode, Interpolation};

fn model() -> Model {
    crate::testing::model(CropMode::Center, Interpolation::Bicubic)
}

#[test]
fn code_names_every_attribute_of_the_pickle_and_no_other() {
    let model = model();
    let attributes = code::attributes(&model);
    let source = code::source(&model, &attributes);
    let pickle = pickle::module(code::CLASS, &attributes);
    let text = String::from_utf8_lossy(&pickle);
    assert_eq!(attributes.len(), 1);
    for attribute in &attributes {
        assert!(source.contains(&format!("  {} : Tensor\n", attribute.name)), "{source}");
        assert!(source.contains(&format!("self.{}", attribute.name)), "{source}");
        assert!(text.contains(&attribute.name));
    }
    assert!(source.contains("v2 = torch.linear(v1, self.a_b_weight, None)"), "{source}");
    // Shape (2, 48) with strides (48, 1), behind the offset 0.
    let expected = b"K\x00(K\x02K\x30t(K\x30K\x01t\x89";
    assert!(pickle.windows(expected.len()).any(|found| found == expected));
    assert!(pickle.starts_with(b"\x80\x02c__torch__\nEmbedder\n)\x81}(") && pickle.ends_with(b"ub."));
}

#[test]
fn pixels_as_the_input_need_no_resize() {
    let model = Model { input: Input::Pixels, ..model() };
    let source = code::source(&model, &code::attributes(&model));
    assert!(source.contains("    pixels: Tensor) -> Tensor:\n    v0 = torch.to(pixels, "), "{source}");
    assert!(!source.contains("taps"), "{source}");
}

#[test]
fn archive_holds_its_entries_in_the_same_bytes_each_time() {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    write(&model(), &mut first).unwrap();
    write(&model(), &mut second).unwrap();
    assert_eq!(first, second);
    for name in ["data.pkl", "code/__torch__.py", "data/0", "constants.pkl", "extra/mdfe.json", "version"] {
        let name = format!("{ROOT}/{name}");
        let found = first.windows(name.len()).filter(|found| *found == name.as_bytes()).count();
        assert_eq!(found, 2, "{name} stands before its bytes and in the directory");
    }
}

/// The archive of the model with one entry changed.
fn changed(entry: &str, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut whole = Vec::new();
    write(&model(), &mut whole).unwrap();
    let mut out = Vec::new();
    let mut archive = Archive::new(&mut out);
    for (name, bytes) in crate::zip::read(&whole).unwrap() {
        let mut bytes = bytes.to_vec();
        if name == format!("{ROOT}/{entry}") {
            change(&mut bytes);
        }
        archive.add(&name, &bytes).unwrap();
    }
    archive.finish().unwrap();
    out
}

#[test]
fn what_lies_in_the_file_is_what_runs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.pt");
    let pixels = Tensor::ones((1, 3, 4, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
    let run = |bytes: Vec<u8>| {
        std::fs::write(&path, bytes).unwrap();
        run_torchscript(&path, &pixels).map(|found| found.flatten_all().unwrap().to_vec1::<f32>().unwrap())
    };
    // Sums of 0..48 and 48..96, at unit length.
    let (a, b) = (1128.0_f32, 3432.0);
    let close = |found: &[f32], [a, b]: [f32; 2]| {
        let length = a.hypot(b);
        (found[0] - a / length).abs() < 1e-6 && (found[1] - b / length).abs() < 1e-6
    };
    assert!(close(&run(changed("version", |_| ())).unwrap(), [a, b]));
    // A weight: 0 becomes 1000.
    let weight = changed("data/0", |bytes| bytes[..4].copy_from_slice(&1000f32.to_le_bytes()));
    assert!(close(&run(weight).unwrap(), [a + 1000.0, b]));
    // The shape in the pickle: 48 rows of 2.
    let shape = changed("data.pkl", |bytes| {
        let at = bytes.windows(5).position(|found| found == b"K\x02K\x30t").unwrap();
        bytes[at..at + 5].copy_from_slice(b"K\x30K\x02t");
    });
    assert!(run(shape).unwrap_err().to_string().contains("a.pt is damaged"));
    let code = |from: &str, to: &str| {
        let all = |bytes: &mut Vec<u8>| {
            let text = String::from_utf8(bytes.clone()).unwrap();
            assert!(text.contains(from), "{text}");
            *bytes = text.replace(from, to).into_bytes();
        };
        run(changed("code/__torch__.py", all)).map_err(|error| error.to_string())
    };
    let found = code("torch.reshape(v0, [-1, 48])", "torch.mul(torch.reshape(v0, [-1, 48]), 0.0)").unwrap();
    assert_eq!(found, [0.0, 0.0], "the code runs");
    for (from, to, says) in [
        ("torch.linear(v1", "torch.bilinear(v1", "not known here"),
        ("torch.linear(v1", "torch.linear(v9", "not known here"),
        ("self.a_b_weight, None", "self.a_b_weight + 1, None", "cannot be read"),
        ("  a_b_weight : Tensor\n", "", "declares"),
        ("    return ", "    back ", "cannot be read"),
    ] {
        let said = code(from, to).unwrap_err();
        assert!(said.contains("a.pt is damaged") && said.contains(says), "{from}: {said}");
    }
}
