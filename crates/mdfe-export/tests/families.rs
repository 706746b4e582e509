//! The graph of every family, run operation by operation, gives the features of the backbone's own path.
#![allow(clippy::unwrap_used)]

use candle_core::{DType, Device, Tensor};
use mdfe_export::{
    Input, Model, OnnxOptions, Own, run, run_onnx, run_torchscript, write_onnx, write_submission,
    write_torchscript,
};
use mdfe_model::{
    Architecture, Backbone, BuildOptions, Layer, Projection, Weights, graph::GraphOptions, pretrained,
};
use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A tiny model that `tests/reference` has, with what PyTorch made of its images.
struct Tiny {
    name: String,
    architecture: Architecture,
    weights: HashMap<String, Tensor>,
    tensors: HashMap<String, Tensor>,
}

impl Tiny {
    fn open(file: &Path) -> Option<Self> {
        let bytes = std::fs::read(file).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).ok()?;
        let json = header.metadata().as_ref()?.get("architecture")?;
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
        tensors.get("in.native")?;
        let f32 = |t: &Tensor| t.to_dtype(DType::F32).unwrap();
        let own = |(k, v): (&String, &Tensor)| Some((k.strip_prefix("w.")?.to_owned(), f32(v)));
        Some(Self {
            name: file.file_stem()?.to_string_lossy().into_owned(),
            architecture: serde_json::from_str(json).unwrap(),
            weights: tensors.iter().filter_map(own).collect(),
            tensors: tensors.iter().map(|(k, v)| (k.clone(), f32(v))).collect(),
        })
    }

    fn weights(&self) -> Weights {
        Weights::from_tensors(self.weights.clone()).unwrap()
    }

    fn backbone(&self, proj_layer: bool) -> Box<dyn Backbone> {
        let options = BuildOptions { proj_layer, ..BuildOptions::default() };
        self.architecture.build(&self.name, &self.weights(), &options).unwrap()
    }
}

/// Every image tower of the references.
fn all() -> Vec<Tiny> {
    let mut all = Vec::new();
    for folder in ["backbones", "pretrained"] {
        let folder = format!("{ROOT}/tests/reference/{folder}/fixtures");
        let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|e| e == "safetensors"));
        files.sort();
        all.extend(files.iter().filter_map(|file| Tiny::open(file)));
    }
    assert!(all.len() > 16, "every family is looked at, not {}", all.len());
    all
}

fn size(pixels: &Tensor) -> [usize; 2] {
    let (_, _, height, width) = pixels.dims4().unwrap();
    [height, width]
}

fn distance(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

#[test]
fn graph_of_every_family_gives_its_features_at_native_and_other_sizes_and_behind_its_projection() {
    for tiny in all() {
        for key in ["native", "other"] {
            let Some(pixels) = tiny.tensors.get(&format!("in.{key}")) else { continue };
            let options = GraphOptions { size: size(pixels), proj_layer: false };
            let graph = tiny.architecture.graph(&tiny.name, &tiny.weights(), &options).unwrap();
            let found = run(&graph, pixels).unwrap();
            let error = distance(&found, &tiny.tensors[&format!("out.{key}")]);
            // Features of order 1 behind two blocks: f32 rounding, as for the backbones themselves.
            assert!(error < 2e-5, "{} {key}: {error:e} from timm or OpenCLIP", tiny.name);
            let own = tiny.backbone(false).features(pixels).unwrap();
            assert!(distance(&found, &own) < 2e-5, "{} {key}", tiny.name);
        }
        let projects = tiny.architecture.feature_dim(true) != tiny.architecture.feature_dim(false);
        if projects {
            let pixels = &tiny.tensors["in.native"];
            let options = GraphOptions { size: size(pixels), proj_layer: true };
            let graph = tiny.architecture.graph(&tiny.name, &tiny.weights(), &options).unwrap();
            let own = tiny.backbone(true).features(pixels).unwrap();
            let error = distance(&run(&graph, pixels).unwrap(), &own);
            assert!(error < 2e-5, "{} with its projection: {error:e}", tiny.name);
        }
    }
}

#[test]
fn lite0_with_every_projection_equals_the_embedder() {
    let row = pretrained("tf_efficientnet_lite0").unwrap();
    let architecture = row.architecture().unwrap();
    let file = format!("{ROOT}/data/demo/tf_efficientnet_lite0.safetensors");
    let weights = || Weights::open(&[file.clone().into()]).unwrap();
    // An odd side: TensorFlow's padding is not the same on both sides.
    let mut record = row.preprocess.clone();
    record.size = [45, 64];
    let options = GraphOptions { size: record.size, proj_layer: false };
    let backbone = architecture.build("lite0", &weights(), &BuildOptions::default()).unwrap();
    let value = |i: usize| ((i * 7919) % 2003) as f32 / 1e5 - 0.01;
    let values = |n: usize, first: usize| (first..first + n).map(value).collect::<Vec<f32>>();
    let layer = |out: usize, input: usize| Layer { weight: values(out * input, out), bias: values(out, 5) };
    let linear = layer(6, 1280);
    let dir = tempfile::tempdir().unwrap();
    for projection in [
        Projection::linear(linear.weight, linear.bias).unwrap(),
        Projection::mlp(layer(10, 1280), layer(4, 10)).unwrap(),
        Projection::AvgPool { feature_dim: 1280, embed_dim: 48 },
        Projection::Identity { feature_dim: 1280 },
    ] {
        let graph = architecture.graph("lite0", &weights(), &options).unwrap();
        let model = Model::new(graph, &projection, record.clone()).unwrap();
        assert_eq!(model.dim(), projection.embed_dim());
        let own = Own::new(record.size, backbone.as_ref(), Some(&projection)).unwrap();
        let agreement = own.against(&model).unwrap();
        assert!(agreement.largest < 1e-5, "{projection:.0?}: {:e}", agreement.largest);
        // From the file, whose resize is not looked at; in f16 with 11 bits of each weight.
        for (half, limit) in [(false, 1e-5), (true, 1e-2)] {
            let path = dir.path().join("lite0.onnx");
            write_onnx(&model, &path, OnnxOptions { half, ..OnnxOptions::default() }).unwrap();
            let largest = own.against_onnx(&path).unwrap().largest;
            assert!(largest < limit && (largest > 1e-5) == half, "{projection:.0?}: {largest:e}");
        }
        let path = dir.path().join("lite0.pt");
        write_torchscript(&model, &path).unwrap();
        let largest = own.against_torchscript(&path).unwrap().largest;
        assert!(largest < 1e-5, "{projection:.0?}: {largest:e}");
    }
}

#[test]
fn check_sees_a_weight_that_differs() {
    let tiny = all().remove(0);
    let pixels = &tiny.tensors["in.native"];
    let size = size(pixels);
    let dim = tiny.architecture.feature_dim(false);
    let projection = Projection::Identity { feature_dim: dim };
    let record =
        mdfe_data::PreprocessRecord { size, ..pretrained("ViT-B-32/openai").unwrap().preprocess.clone() };
    let mut other = tiny.weights.clone();
    let key = other.keys().find(|key| key.ends_with("mlp.c_fc.weight")).unwrap().clone();
    other.insert(key.clone(), (&tiny.weights[&key] * 1.01).unwrap());
    let largest = |weights: HashMap<String, Tensor>| {
        let weights = Weights::from_tensors(weights).unwrap();
        let options = GraphOptions { size, proj_layer: false };
        let graph = tiny.architecture.graph(&tiny.name, &weights, &options).unwrap();
        let model = Model::new(graph, &projection, record.clone()).unwrap();
        Own::new(size, tiny.backbone(false).as_ref(), Some(&projection))
            .unwrap()
            .against(&model)
            .unwrap()
            .largest
    };
    assert!(largest(tiny.weights.clone()) < 1e-5);
    assert!(largest(other) > 1e-4);
}

#[test]
fn files_of_every_family_give_its_embeddings_where_they_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let (onnx, script) = (dir.path().join("model.onnx"), dir.path().join("model.pt"));
    let mut families = BTreeSet::new();
    for (i, tiny) in all().into_iter().enumerate() {
        let kind = serde_json::to_value(&tiny.architecture).unwrap();
        families.insert(kind["kind"].as_str().unwrap().to_owned());
        let pixels = &tiny.tensors["in.native"];
        let both = tiny.architecture.feature_dim(true) != tiny.architecture.feature_dim(false);
        for proj_layer in [false, true].into_iter().filter(|proj_layer| both || !proj_layer) {
            let options = GraphOptions { size: size(pixels), proj_layer };
            let graph = tiny.architecture.graph(&tiny.name, &tiny.weights(), &options).unwrap();
            let projection = Projection::Identity { feature_dim: tiny.architecture.feature_dim(proj_layer) };
            let record = pretrained("ViT-B-32/openai").unwrap().preprocess.clone();
            let record = mdfe_data::PreprocessRecord { size: options.size, ..record };
            let input = if i % 2 == 0 { Input::Image } else { Input::Pixels };
            let features = tiny.backbone(proj_layer).features(pixels).unwrap();
            let rows = features.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let own =
                Tensor::from_vec(projection.embed(&rows).unwrap(), features.dims(), &Device::Cpu).unwrap();
            for (model, own, limit) in [
                (Model::new(graph.clone(), &projection, record.clone()).unwrap(), &own, 1e-5),
                // Of order 1, not of length 1.
                (Model::of_features(graph, record).unwrap(), &features, 2e-5),
            ] {
                let model = Model { input, ..model };
                // Tensors inside the file, and beside it.
                let inside = if i % 3 == 0 { 0 } else { u64::MAX };
                write_onnx(&model, &onnx, OnnxOptions { inside, ..OnnxOptions::default() }).unwrap();
                write_torchscript(&model, &script).unwrap();
                let found = [run_onnx(&onnx, pixels), run_torchscript(&script, pixels)]
                    .map(|found| distance(&found.unwrap(), own));
                assert!(found.iter().all(|error| *error < limit), "{}: {found:?}", tiny.name);
            }
        }
    }
    // EfficientNet-Lite has no tiny model; its smallest is looked at with every projection.
    assert_eq!(Vec::from_iter(families), ["convnext", "eva", "sam", "vit"]);
    // A file that was cut says so.
    let pixels = Tensor::zeros((1, 3, 8, 8), DType::F32, &Device::Cpu).unwrap();
    for (path, run) in [(&onnx, run_onnx as fn(&Path, &Tensor) -> _), (&script, run_torchscript)] {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        let said = run(path, &pixels).unwrap_err().to_string();
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(said.contains(&format!("{name} is damaged")) && said.contains("export it again"), "{said}");
    }
}

#[test]
fn submission_is_read_through_to_the_module_inside() {
    let tiny = all().remove(0);
    let pixels = &tiny.tensors["in.native"];
    let options = GraphOptions { size: size(pixels), proj_layer: false };
    let graph = tiny.architecture.graph(&tiny.name, &tiny.weights(), &options).unwrap();
    let record = pretrained("ViT-B-32/openai").unwrap().preprocess.clone();
    let record = mdfe_data::PreprocessRecord { size: options.size, ..record };
    let dir = tempfile::tempdir().unwrap();
    let path = write_submission(&Model::of_features(graph, record).unwrap(), dir.path()).unwrap();
    let own = Own::new(options.size, tiny.backbone(false).as_ref(), None).unwrap();
    let largest = own.against_torchscript(&path).unwrap().largest;
    assert!(largest < 1e-5, "{largest:e}");
}

#[test]
fn what_does_not_fit_is_said() {
    let row = pretrained("tf_efficientnet_lite0").unwrap();
    let file = format!("{ROOT}/data/demo/tf_efficientnet_lite0.safetensors");
    let weights = Weights::open(&[file.into()]).unwrap();
    let options = GraphOptions { size: [32, 32], proj_layer: false };
    let graph = row.architecture().unwrap().graph("lite0", &weights, &options).unwrap();
    let said = |projection: Projection, size: [usize; 2]| {
        let record = mdfe_data::PreprocessRecord { size, ..row.preprocess.clone() };
        Model::new(graph.clone(), &projection, record).unwrap_err().to_string()
    };
    assert!(said(Projection::Identity { feature_dim: 3 }, [32, 32]).contains("takes 3 features"));
    assert!(said(Projection::Identity { feature_dim: 1280 }, [64, 64]).contains("[64, 64]"));
    let pixels = Tensor::zeros((1, 3, 31, 32), DType::F32, &Device::Cpu).unwrap();
    assert!(run(&graph, &pixels).unwrap_err().to_string().contains("[batch, [3, 32, 32]]"));
}
