//! Running a written archive here: from the pixels on, line by line, in f32.

use super::{
    SAVED_MODEL,
    expression::Expression,
    read::{Contents, read},
};
use crate::{Error, Result, interpret, zip};
use candle_core::{D, DType, Tensor};
use mdfe_model::graph::ConvWindow;
use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

/// What the file `path`, an archive or a submission that holds one, gives for normalised `pixels [B, 3, h, w]`: the tensors that
/// its pickle names, in the lines of its code. The lines before them, which resize, are left out.
///
/// # Errors
/// [`Error::Damaged`] when the file is not what [`super::write_torchscript`] writes, [`Error::Candle`] when an operation fails.
pub fn run_torchscript(path: &Path, pixels: &Tensor) -> Result<Tensor> {
    let damaged = |problem: String| Error::Damaged { file: path.display().to_string(), problem };
    let bytes = std::fs::read(path).map_err(|e| damaged(format!("cannot read it: {e}")))?;
    let submitted = zip::read(&bytes).and_then(|entries| entries.get(SAVED_MODEL).copied());
    let Contents { steps, output, tensors } = read(submitted.unwrap_or(&bytes)).map_err(damaged)?;
    let mut last_use = HashMap::new();
    for (i, (_, expression)) in steps.iter().enumerate() {
        expression.names(&mut |name| {
            last_use.insert(name, i);
        });
    }
    last_use.insert(&output, steps.len());
    let mut values = HashMap::from([("pixels".to_owned(), pixels.to_dtype(DType::F32)?)]);
    for (i, (name, expression)) in steps.iter().enumerate() {
        let scope = Scope { values: &values, tensors: &tensors };
        let result = scope.tensor(expression)?;
        let unknown = || damaged(format!("its code has `{name} = ` something that is not known here"));
        let result = result.ok_or_else(unknown)?;
        values.insert(name.clone(), result);
        values
            .retain(|name, _| name == "pixels" || last_use.get(name.as_str()).is_some_and(|last| *last > i));
    }
    values.remove(&output).ok_or_else(|| damaged("its code returns what is not there".to_owned()))
}

/// What names stand for.
struct Scope<'a> {
    values: &'a HashMap<String, Tensor>,
    tensors: &'a BTreeMap<String, Tensor>,
}

/// `None` wherever an expression is not one that the writer makes.
impl Scope<'_> {
    fn tensor(&self, expression: &Expression) -> Result<Option<Tensor>> {
        match expression {
            Expression::Name(name) => Ok(self.named(name).cloned()),
            Expression::Call(function, arguments) => self.call(function, arguments),
            Expression::Number(_) | Expression::List(_) => Ok(None),
        }
    }

    fn named(&self, name: &str) -> Option<&Tensor> {
        match name.strip_prefix("self.") {
            Some(attribute) => self.tensors.get(attribute),
            None => self.values.get(name),
        }
    }

    fn call(&self, function: &str, arguments: &[Expression]) -> Result<Option<Tensor>> {
        let Some((first, rest)) = arguments.split_first() else { return Ok(None) };
        if let ("torch.cat", Expression::List(parts), [axis]) = (function, first, rest) {
            let parts =
                parts.iter().map(|part| self.tensor(part)).collect::<Result<Option<Vec<Tensor>>>>()?;
            let (Some(parts), Some(axis)) = (parts, whole(axis)) else { return Ok(None) };
            return Ok(Some(Tensor::cat(&parts, axis)?));
        }
        let Some(x) = self.tensor(first)? else { return Ok(None) };
        if let Some(result) = of_elements(function, &x, rest)? {
            return Ok(Some(result));
        }
        if let Some(result) = self.of_shape(function, &x, rest)? {
            return Ok(Some(result));
        }
        self.of_tensors(function, &x, rest)
    }

    /// The functions that move elements, and those over one axis.
    fn of_shape(&self, function: &str, x: &Tensor, rest: &[Expression]) -> Result<Option<Tensor>> {
        Ok(Some(match (function, rest) {
            ("torch.reshape", [shape]) => {
                let Some(shape) = numbers(shape) else { return Ok(None) };
                let known: usize = shape.iter().filter(|n| **n > 0).map(|n| *n as usize).product();
                let length = |n: &i64| if *n < 0 { x.elem_count() / known.max(1) } else { *n as usize };
                x.reshape(shape.iter().map(length).collect::<Vec<_>>())?
            }
            ("torch.permute", [order]) => {
                let Some(order) = wholes(order) else { return Ok(None) };
                x.permute(order)?.contiguous()?
            }
            ("torch.slice", [axis, start, end, Expression::Number(1.0)]) => {
                let (Some(axis), Some(start), Some(end)) = (whole(axis), whole(start), whole(end)) else {
                    return Ok(None);
                };
                x.narrow(axis, start, end.saturating_sub(start))?.contiguous()?
            }
            ("torch.mean", [axes]) => {
                let Some(axes) = wholes(axes) else { return Ok(None) };
                let [axis] = axes[..] else { return Ok(None) };
                x.mean(axis)?
            }
            ("torch.expand", [Expression::List(lengths)]) => {
                // The batch, and the other axes as they are.
                let [Expression::Call(size, of), others @ ..] = lengths.as_slice() else { return Ok(None) };
                let kept = others.iter().all(|length| *length == Expression::Number(-1.0));
                let Some(batch) = self.batch(size, of).filter(|_| kept && others.len() + 1 == x.rank())
                else {
                    return Ok(None);
                };
                x.broadcast_as([&[batch], &x.dims()[1..]].concat())?.contiguous()?
            }
            ("torch.constant_pad_nd", [pads, Expression::Number(0.0)]) => {
                let Some(pads) = wholes(pads) else { return Ok(None) };
                let mut x = x.clone();
                // From the last axis on: zeros before and behind.
                for (i, pair) in pads.chunks_exact(2).enumerate() {
                    let Some(axis) = x.rank().checked_sub(i + 1) else { return Ok(None) };
                    x = x.pad_with_zeros(axis, pair[0], pair[1])?;
                }
                x.contiguous()?
            }
            _ => return Ok(None),
        }))
    }

    /// `torch.size(pixels, 0)`.
    fn batch(&self, function: &str, arguments: &[Expression]) -> Option<usize> {
        match (function, arguments) {
            ("torch.size", [Expression::Name(name), Expression::Number(0.0)]) => {
                self.named(name)?.dims().first().copied()
            }
            _ => None,
        }
    }

    /// The functions of several tensors.
    fn of_tensors(&self, function: &str, x: &Tensor, rest: &[Expression]) -> Result<Option<Tensor>> {
        let mut operands = Vec::new();
        for argument in rest.iter().take(2) {
            operands.push(self.tensor(argument)?);
        }
        Ok(Some(match (function, operands.as_slice(), rest) {
            ("torch.add", [Some(y)], _) => x.broadcast_add(y)?,
            ("torch.mul", [Some(y)], _) => x.broadcast_mul(y)?,
            ("torch.div", [Some(y)], _) => x.broadcast_div(y)?,
            ("torch.matmul", [Some(y)], _) => interpret::broadcast_product(x, y)?,
            ("torch.linear", [Some(weight), bias], [_, given]) => {
                let product = interpret::broadcast_product(x, &weight.t()?)?;
                match (bias, given) {
                    (Some(bias), _) => product.broadcast_add(bias)?,
                    (None, Expression::Name(name)) if name == "None" => product,
                    _ => return Ok(None),
                }
            }
            ("torch.layer_norm", _, [width, weight, bias, Expression::Number(eps), _]) => {
                let (Some(weight), Some(bias)) = (self.tensor(weight)?, self.tensor(bias)?) else {
                    return Ok(None);
                };
                if wholes(width).as_deref() != Some(weight.dims()) {
                    return Ok(None);
                }
                interpret::layer_norm(x, &weight, &bias, *eps)?
            }
            ("torch.conv2d", [Some(weight), Some(bias)], [_, _, strides, pads, dilation, groups]) => {
                let pair = |list| wholes(list).and_then(|list| <[usize; 2]>::try_from(list).ok());
                let (Some([stride, across]), Some([down, side]), Some([1, 1]), Some(groups)) =
                    (pair(strides), pair(pads), pair(dilation), whole(groups))
                else {
                    return Ok(None);
                };
                if stride != across {
                    return Ok(None);
                }
                let window = ConvWindow { stride, top: down, left: side, bottom: down, right: side, groups };
                interpret::conv(x, weight, bias, window)?
            }
            _ => return Ok(None),
        }))
    }
}

/// The functions of one tensor and of numbers.
fn of_elements(function: &str, x: &Tensor, rest: &[Expression]) -> Result<Option<Tensor>> {
    use Expression::{Call, Name, Number};
    Ok(Some(match (function, rest) {
        // Everything is f32 here.
        ("torch.to", [Number(6.0)]) => x.clone(),
        ("torch.to", [Call(of, _)]) if of == "ops.prim.dtype" => x.clone(),
        ("torch.relu", []) => x.relu()?,
        ("torch.gelu", []) => x.gelu_erf()?,
        ("torch.tanh", []) => x.tanh()?,
        ("torch.sigmoid", []) => (x.neg()?.exp()? + 1.0)?.recip()?,
        ("torch.silu", []) => (x / (x.neg()?.exp()? + 1.0)?)?,
        ("torch.softmax", [Number(-1.0)]) => interpret::softmax(x)?,
        ("torch.add", [Number(value)]) => (x + *value)?,
        ("torch.mul", [Number(value)]) => (x * *value)?,
        ("torch.clamp", [Number(low), Number(high)]) => x.clamp(*low, *high)?,
        ("torch.clamp_min", [Number(low)]) => x.maximum(*low)?,
        ("torch.norm", [Number(2.0), axes, Name(kept)])
            if kept == "True" && numbers(axes).as_deref() == Some(&[-1]) =>
        {
            x.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?
        }
        _ => return Ok(None),
    }))
}

/// A whole number that is not negative.
fn whole(expression: &Expression) -> Option<usize> {
    match expression {
        Expression::Number(value) if value.fract() == 0.0 && *value >= 0.0 => Some(*value as usize),
        _ => None,
    }
}

/// A list of them.
fn wholes(expression: &Expression) -> Option<Vec<usize>> {
    match expression {
        Expression::List(parts) => parts.iter().map(whole).collect(),
        _ => None,
    }
}

/// A list of whole numbers.
fn numbers(expression: &Expression) -> Option<Vec<i64>> {
    let one = |part: &Expression| match part {
        Expression::Number(value) if value.fract() == 0.0 => Some(*value as i64),
        _ => None,
    };
    match expression {
        Expression::List(parts) => parts.iter().map(one).collect(),
        _ => None,
    }
}
