//! Running a graph here, one plain operation after the other: slow, and independent of what the backbone's own path does.

use crate::{Error, Result};
use candle_core::{D, DType, Tensor};
use mdfe_model::{
    Activation,
    graph::{BATCH, ConstantId, ConvWindow, Graph, Node, Op, Value},
};

/// What `graph` gives for `pixels [B, 3, H, W]` in f32.
///
/// # Errors
/// [`Error::Invalid`] when the pixels have another shape, [`Error::Candle`] when an operation fails.
pub fn run(graph: &Graph, pixels: &Tensor) -> Result<Tensor> {
    let expected = graph.shape(graph.pixels());
    let batch = match pixels.dims() {
        [batch, rest @ ..] if *batch > 0 && rest == &expected[1..] => *batch,
        other => {
            let rest = &expected[1..];
            return Err(Error::Invalid(format!("pixels are {other:?}, the model takes [batch, {rest:?}]")));
        }
    };
    let mut last_use = vec![0; graph.nodes().count()];
    for (value, node) in graph.nodes() {
        for input in node.op.inputs() {
            last_use[input.index()] = value.index();
        }
    }
    last_use[graph.output().index()] = usize::MAX;
    let mut run = Run { graph, batch, values: Vec::new() };
    for (value, node) in graph.nodes() {
        let result = match node.op {
            Op::Pixels => pixels.to_dtype(DType::F32)?.contiguous()?,
            _ => run.node(node)?,
        };
        run.values.push(Some(result));
        for input in node.op.inputs() {
            if last_use[input.index()] == value.index() {
                run.values[input.index()] = None;
            }
        }
    }
    run.value(graph.output()).cloned()
}

struct Run<'a> {
    graph: &'a Graph,
    batch: usize,
    /// What is still needed.
    values: Vec<Option<Tensor>>,
}

impl Run<'_> {
    fn value(&self, value: Value) -> Result<&Tensor> {
        let missing = || Error::Invalid(format!("operation {} stands before its input", value.index()));
        self.values.get(value.index()).and_then(Option::as_ref).ok_or_else(missing)
    }

    fn constant(&self, id: ConstantId) -> &Tensor {
        &self.graph.constant(id).tensor
    }

    /// A shape with the batch's length.
    fn sized(&self, shape: &[usize]) -> Vec<usize> {
        shape.iter().map(|length| if *length == BATCH { self.batch } else { *length }).collect()
    }

    fn node(&self, node: &Node) -> Result<Tensor> {
        Ok(match &node.op {
            Op::Constant(id) => self.constant(*id).clone(),
            Op::Conv { x, weight, bias, window } => {
                conv(self.value(*x)?, self.constant(*weight), self.constant(*bias), *window)?
            }
            Op::Linear { x, weight, bias } => {
                let (x, weight) = (self.value(*x)?, self.constant(*weight));
                let y = x.reshape(((), weight.dim(1)?))?.matmul(&weight.t()?)?;
                let y = match bias {
                    Some(bias) => y.broadcast_add(self.constant(*bias))?,
                    None => y,
                };
                y.reshape(self.sized(&node.shape))?
            }
            Op::LayerNorm { x, weight, bias, eps } => {
                layer_norm(self.value(*x)?, self.constant(*weight), self.constant(*bias), *eps)?
            }
            Op::Activate(x, act) => activate(self.value(*x)?, *act)?,
            Op::Relu(x) => self.value(*x)?.relu()?,
            Op::Softmax(x) => softmax(self.value(*x)?)?,
            Op::MatMul(a, b) => broadcast_product(self.value(*a)?, self.value(*b)?)?,
            Op::Add(a, b) => self.value(*a)?.broadcast_add(self.value(*b)?)?,
            Op::Mul(a, b) => self.value(*a)?.broadcast_mul(self.value(*b)?)?,
            Op::Scale(x, factor) => (self.value(*x)? * *factor)?,
            Op::Reshape(x) => self.value(*x)?.reshape(self.sized(&node.shape))?,
            Op::Permute(x, axes) => self.value(*x)?.permute(axes.clone())?.contiguous()?,
            Op::Slice { x, axis, start, count } => {
                self.value(*x)?.narrow(*axis, *start, *count)?.contiguous()?
            }
            Op::Concat(values, axis) => {
                let values: Vec<&Tensor> = values.iter().map(|v| self.value(*v)).collect::<Result<_>>()?;
                Tensor::cat(&values, *axis)?
            }
            Op::Mean { x, axis } => self.value(*x)?.mean(*axis)?,
            Op::PerImage(x) => self.value(*x)?.broadcast_as(self.sized(&node.shape))?.contiguous()?,
            Op::PadEnd { x, axis } => {
                let x = self.value(*x)?;
                x.pad_with_zeros(*axis, 0, node.shape[*axis] - x.dim(*axis)?)?
            }
            Op::Normalize(x) => {
                let x = self.value(*x)?;
                let length = x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?.maximum(1e-12)?;
                x.broadcast_div(&length)?
            }
            other => return Err(Error::Invalid(format!("the operation {other:?} is not known here"))),
        })
    }
}

/// The product of the last two axes, the others broadcast; candle's own knows no more than two of them.
pub(crate) fn broadcast_product(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let sides = |x: &Tensor| -> Result<[usize; 2]> { Ok([x.dim(D::Minus2)?, x.dim(D::Minus1)?]) };
    let ([m, k], [_, n]) = (sides(a)?, sides(b)?);
    let rank = a.rank().max(b.rank());
    if b.rank() == 2 {
        let shape = [&a.dims()[..a.rank() - 1], &[n]].concat();
        return Ok(a.reshape(((), k))?.matmul(&b.contiguous()?)?.reshape(shape)?);
    }
    let length = |x: &Tensor, axis: usize| match (axis + x.rank()).checked_sub(rank) {
        Some(at) => x.dims()[at],
        None => 1,
    };
    let batch: Vec<usize> = (0..rank - 2).map(|axis| length(a, axis).max(length(b, axis))).collect();
    let matrices = |x: &Tensor| -> Result<Tensor> {
        let [rows, columns] = sides(x)?;
        let whole = x.broadcast_as([batch.as_slice(), &[rows, columns]].concat())?.contiguous()?;
        Ok(whole.reshape((batch.iter().product::<usize>(), rows, columns))?)
    };
    let product = matrices(a)?.matmul(&matrices(b)?)?;
    Ok(product.reshape([batch.as_slice(), &[m, n]].concat())?)
}

/// The norm over the last axis.
pub(crate) fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    let centered = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let var = centered.sqr()?.mean_keepdim(D::Minus1)?;
    let unit = centered.broadcast_div(&(var + eps)?.sqrt()?)?;
    Ok(unit.broadcast_mul(weight)?.broadcast_add(bias)?)
}

/// The softmax over the last axis.
pub(crate) fn softmax(x: &Tensor) -> Result<Tensor> {
    let raised = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
    Ok(raised.broadcast_div(&raised.sum_keepdim(D::Minus1)?)?)
}

pub(crate) fn conv(x: &Tensor, weight: &Tensor, bias: &Tensor, window: ConvWindow) -> Result<Tensor> {
    let ConvWindow { stride, top, left, bottom, right, groups } = window;
    let padded = x.pad_with_zeros(2, top, bottom)?.pad_with_zeros(3, left, right)?;
    let y = padded.contiguous()?.conv2d(weight, 0, stride, 1, groups)?;
    Ok(y.broadcast_add(&bias.reshape((1, (), 1, 1))?)?)
}

fn activate(x: &Tensor, act: Activation) -> Result<Tensor> {
    Ok(match act {
        Activation::Gelu => x.gelu_erf()?,
        Activation::GeluTanh => x.gelu()?,
        Activation::Silu => x.silu()?,
        Activation::Relu6 => x.clamp(0f64, 6f64)?,
        Activation::QuickGelu => (x / ((x * -1.702)?.exp()? + 1.0)?)?,
    })
}
