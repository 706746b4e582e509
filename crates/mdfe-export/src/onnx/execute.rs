//! Running a written file here: from the pixels on, node by node, in f32.

use super::{
    PIXELS,
    read::{Contents, Read, read},
};
use crate::{Error, Result, interpret};
use candle_core::{D, DType, Tensor};
use std::{
    collections::{HashMap, HashSet},
    path::Path,
};

/// What the file `path` gives for normalised `pixels [B, 3, h, w]`. An f16 file is computed in f32 with its rounded weights.
///
/// # Errors
/// [`Error::Damaged`] when the file is not what [`super::write_onnx`] writes, [`Error::Candle`] when an operation fails.
pub fn run_onnx(path: &Path, pixels: &Tensor) -> Result<Tensor> {
    let Contents { nodes, tensors } = read(path)?;
    // What the embedding needs from the pixels on; the resize before them is left out.
    let mut needed = HashSet::from(["embedding".to_owned()]);
    let mut steps: Vec<&Read> = Vec::new();
    for node in nodes.iter().rev().filter(|node| node.output != PIXELS) {
        if needed.contains(&node.output) {
            needed.extend(node.inputs.iter().cloned());
            steps.push(node);
        }
    }
    steps.reverse();
    let mut last_use = HashMap::new();
    for (i, node) in steps.iter().enumerate() {
        last_use.extend(node.inputs.iter().map(|input| (input.as_str(), i)));
    }
    let mut values = HashMap::from([(PIXELS.to_owned(), pixels.to_dtype(DType::F32)?)]);
    for (i, node) in steps.iter().enumerate() {
        let find = |name: &String| {
            let problem = || format!("{} takes `{name}`, which is not there", node.op);
            let missing = || Error::Damaged { file: path.display().to_string(), problem: problem() };
            values.get(name).or_else(|| tensors.get(name)).cloned().ok_or_else(missing)
        };
        let inputs = node.inputs.iter().map(find).collect::<Result<Vec<Tensor>>>()?;
        let step = Step { node, inputs };
        let unknown = || Error::Damaged {
            file: path.display().to_string(),
            problem: format!("the operator {} with {} inputs is not known here", node.op, node.inputs.len()),
        };
        let result = step.run()?.ok_or_else(unknown)?;
        values.insert(node.output.clone(), result);
        for input in node.inputs.iter().filter(|input| last_use.get(input.as_str()) == Some(&i)) {
            values.remove(input);
        }
    }
    let nothing =
        || Error::Damaged { file: path.display().to_string(), problem: "it gives no embedding".to_owned() };
    values.remove("embedding").ok_or_else(nothing)
}

struct Step<'a> {
    node: &'a Read,
    inputs: Vec<Tensor>,
}

impl Step<'_> {
    fn ints(&self, name: &str) -> Vec<usize> {
        self.node
            .attributes
            .get(name)
            .map(|a| a.ints.iter().map(|i| *i as usize).collect())
            .unwrap_or_default()
    }

    /// None for an operator that is not known, or has other inputs.
    fn run(&self) -> Result<Option<Tensor>> {
        if let Some(result) = self.of_elements()? {
            return Ok(Some(result));
        }
        Ok(Some(match (self.node.op.as_str(), self.inputs.as_slice()) {
            ("Conv", [x, weight, bias]) => self.conv(x, weight, bias)?,
            ("MatMul", [a, b]) => interpret::broadcast_product(a, b)?,
            ("LayerNormalization", [x, weight, bias]) => {
                let eps = self.node.attributes.get("epsilon").map_or(0.0, |a| f64::from(a.float));
                interpret::layer_norm(x, weight, bias, eps)?
            }
            ("Softmax", [x]) => interpret::softmax(x)?,
            ("Reshape", [x, shape]) => {
                let shape = shape.to_vec1::<i64>()?;
                let known: usize = shape.iter().filter(|n| **n > 0).map(|n| *n as usize).product();
                let length = |n: &i64| if *n < 0 { x.elem_count() / known } else { *n as usize };
                x.reshape(shape.iter().map(length).collect::<Vec<_>>())?
            }
            ("Transpose", [x]) => x.permute(self.ints("perm"))?.contiguous()?,
            ("Slice", [x, start, end, axis]) => {
                let [start, end, axis] = [first(start)?, first(end)?, first(axis)?];
                x.narrow(axis, start, end - start)?.contiguous()?
            }
            ("Concat", all) => Tensor::cat(all, self.ints("axis").first().copied().unwrap_or_default())?,
            ("ReduceMean", [x, axis]) => x.mean(first(axis)?)?,
            ("ReduceL2", [x, _]) => x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?,
            ("Shape", [x]) => Tensor::new(&[x.dim(0)? as i64], x.device())?,
            ("Expand", [x, shape]) => {
                let shape: Vec<usize> = shape.to_vec1::<i64>()?.iter().map(|n| *n as usize).collect();
                x.broadcast_as(shape)?.contiguous()?
            }
            ("Pad", [x, pads]) => {
                let pads = pads.to_vec1::<i64>()?;
                let (before, behind) = pads.split_at(pads.len() / 2);
                let mut x = x.clone();
                for (axis, (before, behind)) in before.iter().zip(behind).enumerate() {
                    x = x.pad_with_zeros(axis, *before as usize, *behind as usize)?;
                }
                x
            }
            _ => return Ok(None),
        }))
    }

    /// The operators that work element by element.
    fn of_elements(&self) -> Result<Option<Tensor>> {
        Ok(Some(match (self.node.op.as_str(), self.inputs.as_slice()) {
            ("Add", [a, b]) => a.broadcast_add(b)?,
            ("Mul", [a, b]) => a.broadcast_mul(b)?,
            ("Div", [a, b]) => a.broadcast_div(b)?,
            ("Max", [a, b]) => a.broadcast_maximum(b)?,
            ("Clip", [x, low, high]) => x.clamp(low.to_scalar::<f32>()?, high.to_scalar::<f32>()?)?,
            ("Erf", [x]) => x.erf()?,
            ("Tanh", [x]) => x.tanh()?,
            ("Sigmoid", [x]) => (x.neg()?.exp()? + 1.0)?.recip()?,
            ("Relu", [x]) => x.relu()?,
            // Between f16 and f32: everything is f32 here.
            ("Identity" | "Cast", [x]) => x.clone(),
            _ => return Ok(None),
        }))
    }

    fn conv(&self, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let (pads, strides) = (self.ints("pads"), self.ints("strides"));
        let (&[top, left, bottom, right], [stride, _]) = (pads.as_slice(), strides.as_slice()) else {
            return Err(Error::Invalid(format!("a convolution with pads {pads:?} and strides {strides:?}")));
        };
        let groups = self.ints("group").first().copied().unwrap_or(1);
        let window = mdfe_model::graph::ConvWindow { stride: *stride, top, left, bottom, right, groups };
        interpret::conv(x, weight, bias, window)
    }
}

/// The one whole number of a list.
fn first(list: &Tensor) -> Result<usize> {
    Ok(list.to_vec1::<i64>()?.first().copied().unwrap_or_default() as usize)
}
