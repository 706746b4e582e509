#![doc = include_str!("../README.md")]

mod check;
mod error;
mod interpret;
mod model;
mod onnx;
mod tensor;
#[cfg(test)]
mod testing;
mod torchscript;
mod zip;

pub use check::{Agreement, Own};
pub use error::{Error, Result};
pub use interpret::run;
pub use model::{Input, Model};
pub use onnx::{OnnxOptions, run_onnx, write_onnx};
pub use torchscript::{SUBMISSION, run_torchscript, write_submission, write_torchscript};
