use super::*;
use crate::{Input, Model};
use candle_core::{Device, Tensor};
use mdfe_data::{CropMode, Interpolation, PreprocessRecord};
use mdfe_model::{Projection, graph::Graph};

fn model() -> Model {
    let mut graph = Graph::new([4, 4]);
    let pixels = graph.pixels();
    let flat = graph.reshape(pixels, &[mdfe_model::graph::BATCH, 48]).unwrap();
    let weight = Tensor::arange(0f32, 96.0, &Device::Cpu).unwrap().reshape((2, 48)).unwrap();
    let features = graph.within("a.b", |g| g.linear(flat, &weight, None)).unwrap();
    graph.set_output(features);
    let record = PreprocessRecord {
        size: [4, 4],
        mean: [0.5; 3],
        std: [0.25; 3],
        interpolation: Interpolation::Bicubic,
        crop_mode: CropMode::Center,
        crop_fraction: 1.0,
        fill: 0,
        exif_orientation: false,
    };
    Model::new(graph, &Projection::Identity { feature_dim: 2 }, record).unwrap()
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
