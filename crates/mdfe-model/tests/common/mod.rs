//! Tiny models whose features timm or OpenCLIP computed.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)] // each test uses its part; helpers of tests may unwrap as the tests do

use candle_core::{DType, Device, Tensor, Var};
use mdfe_model::{Architecture, Backbone, BuildOptions, Weights};
use serde::de::DeserializeOwned;
use std::{collections::HashMap, path::PathBuf};

/// A safetensors file with a configuration, weights under `w.`, inputs under `in.` and what PyTorch made of them.
pub(crate) struct Fixture<C = Architecture> {
    pub(crate) config: C,
    pub(crate) tensors: HashMap<String, Tensor>,
}

/// The folder `name` of `tests/reference`.
pub(crate) fn reference(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/reference")).join(name)
}

impl<C: DeserializeOwned> Fixture<C> {
    /// The fixture `name` in the folder `folder` of `tests/reference`.
    pub(crate) fn open(folder: &str, name: &str) -> Self {
        let bytes = std::fs::read(reference(folder).join(format!("{name}.safetensors"))).unwrap();
        let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
        let json = &header.metadata().as_ref().unwrap()["architecture"];
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
        Self { config: serde_json::from_str(json).unwrap(), tensors }
    }

    /// The weights, in the formats that they are stored in.
    pub(crate) fn weights(&self) -> HashMap<String, Tensor> {
        let own = |(k, v): (&String, &Tensor)| Some((k.strip_prefix("w.")?.to_owned(), v.clone()));
        self.tensors.iter().filter_map(own).collect()
    }

    /// The images `in.{size}`, in f32.
    pub(crate) fn pixels(&self, size: &str) -> Tensor {
        self.tensors[&format!("in.{size}")].to_dtype(DType::F32).unwrap()
    }
}

impl Fixture {
    pub(crate) fn build(&self, options: &BuildOptions) -> Box<dyn Backbone> {
        let weights = Weights::from_tensors(self.weights()).unwrap();
        self.config.build("tiny", &weights, options).unwrap()
    }
}

/// Compares the gradients of `features · probe` with those of PyTorch under `grad.`; returns how many there are.
pub(crate) fn check_gradients(
    name: &str,
    tensors: &HashMap<String, Tensor>,
    variables: &HashMap<String, Var>,
    features: &Tensor,
) -> usize {
    let loss = (features * &tensors["probe"]).unwrap().sum_all().unwrap();
    let grads = loss.backward().unwrap();
    let expected: Vec<_> = tensors.iter().filter_map(|(k, v)| Some((k.strip_prefix("grad.")?, v))).collect();
    for (key, expected) in &expected {
        let grad = grads.get(variables[*key].as_tensor());
        let grad = grad.unwrap_or_else(|| panic!("{name}: no gradient for {key}"));
        // Sums over all places of two images: the error grows with the gradient's size, and 1e-4 of its largest entry is
        // rounding.
        let (error, scale) = (difference(grad, expected), largest(expected));
        assert!(error < 1e-4 * scale.max(1.0), "{name} {key}: {error:e} of {scale}");
    }
    expected.len()
}

/// The tensors as variables in f32.
pub(crate) fn variables(tensors: &HashMap<String, Tensor>) -> HashMap<String, Var> {
    let variable = |t: &Tensor| Var::from_tensor(&t.to_dtype(DType::F32).unwrap()).unwrap();
    tensors.iter().map(|(k, v)| (k.clone(), variable(v))).collect()
}

/// The tensors of variables, through which gradients reach them.
pub(crate) fn handed(variables: &HashMap<String, Var>) -> HashMap<String, Tensor> {
    variables.iter().map(|(k, v)| (k.clone(), v.as_tensor().clone())).collect()
}

pub(crate) fn largest(a: &Tensor) -> f32 {
    a.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
}

pub(crate) fn difference(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    largest(&(a - b).unwrap())
}
