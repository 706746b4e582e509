//! Adding operations: each checks what it is given and knows the shape that it gives.

use super::{
    BATCH, Constant, ConstantId, ConvWindow, Graph, Node, Op, Value,
    shapes::{broadcast, elements, misfit, product},
};
use crate::{Result, ops::Activation};
use candle_core::{DType, Device, Tensor};

impl Graph {
    /// Adds a tensor that operations name; see [`Graph::value`] for one that is an operand itself.
    ///
    /// # Errors
    /// [`crate::Error::Candle`] when it cannot be had in f32 on the CPU, [`crate::Error::Invalid`] when its name is taken.
    pub fn constant_tensor(&mut self, name: &str, tensor: &Tensor) -> Result<ConstantId> {
        let name = self.scope.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".");
        if self.constants.iter().any(|constant| constant.name == name) {
            return Err(misfit(&format!("two tensors are named `{name}`")));
        }
        let tensor = tensor.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.contiguous()?;
        self.constants.push(Constant { name, tensor });
        Ok(ConstantId(self.constants.len() - 1))
    }

    /// Adds a tensor as a value.
    ///
    /// # Errors
    /// As [`Graph::constant_tensor`].
    pub fn value(&mut self, name: &str, tensor: &Tensor) -> Result<Value> {
        let shape = tensor.dims().to_vec();
        let id = self.constant_tensor(name, tensor)?;
        Ok(self.push(Op::Constant(id), shape))
    }

    /// A convolution without `bias` adds zeros.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the shapes do not fit.
    pub fn conv(
        &mut self,
        x: Value,
        weight: &Tensor,
        bias: Option<&Tensor>,
        window: ConvWindow,
    ) -> Result<Value> {
        let (out, channels, down, across) = weight.dims4()?;
        let &[BATCH, input, height, width] = self.shape(x) else {
            return Err(misfit(&format!("a convolution over {:?}", self.shape(x))));
        };
        let ConvWindow { stride, top, left, bottom, right, groups } = window;
        if input != channels * groups || height + top + bottom < down || width + left + right < across {
            return Err(misfit(&format!("a kernel {:?} over {:?}", weight.dims(), self.shape(x))));
        }
        let zeros;
        let bias = match bias {
            Some(bias) => bias,
            None => {
                zeros = Tensor::zeros(out, DType::F32, &Device::Cpu)?;
                &zeros
            }
        };
        let (weight, bias) = (self.constant_tensor("weight", weight)?, self.constant_tensor("bias", bias)?);
        let places = |length: usize, side: usize| (length - side) / stride + 1;
        let shape =
            vec![BATCH, out, places(height + top + bottom, down), places(width + left + right, across)];
        Ok(self.push(Op::Conv { x, weight, bias, window }, shape))
    }

    /// `x [.., K]` with `weight [N, K]`.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the shapes do not fit.
    pub fn linear(&mut self, x: Value, weight: &Tensor, bias: Option<&Tensor>) -> Result<Value> {
        let (out, input) = weight.dims2()?;
        let mut shape = self.shape(x).to_vec();
        if shape.last() != Some(&input) {
            return Err(misfit(&format!("a linear layer {:?} over {shape:?}", weight.dims())));
        }
        let last = shape.len() - 1;
        shape[last] = out;
        let weight = self.constant_tensor("weight", weight)?;
        let bias = bias.map(|bias| self.constant_tensor("bias", bias)).transpose()?;
        Ok(self.push(Op::Linear { x, weight, bias }, shape))
    }

    /// The norm over the last axis of `x [.., D]`; `weight [D]`, `bias [D]`.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the shapes do not fit.
    pub fn layer_norm(&mut self, x: Value, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Value> {
        let shape = self.shape(x).to_vec();
        if shape.last() != Some(&weight.dims1()?) || weight.dims() != bias.dims() {
            return Err(misfit(&format!("a norm {:?} over {shape:?}", weight.dims())));
        }
        let (weight, bias) = (self.constant_tensor("weight", weight)?, self.constant_tensor("bias", bias)?);
        Ok(self.push(Op::LayerNorm { x, weight, bias, eps }, shape))
    }

    /// A nonlinearity.
    pub fn activate(&mut self, x: Value, act: Activation) -> Value {
        self.same_shape(x, Op::Activate(x, act))
    }

    /// `max(x, 0)`.
    pub fn relu(&mut self, x: Value) -> Value {
        self.same_shape(x, Op::Relu(x))
    }

    /// The softmax over the last axis.
    pub fn softmax(&mut self, x: Value) -> Value {
        self.same_shape(x, Op::Softmax(x))
    }

    /// Each element times `factor`.
    pub fn scale(&mut self, x: Value, factor: f64) -> Value {
        self.same_shape(x, Op::Scale(x, factor))
    }

    /// Rows of unit length.
    pub fn normalize(&mut self, x: Value) -> Value {
        self.same_shape(x, Op::Normalize(x))
    }

    /// The product of the last two axes.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the shapes do not fit.
    pub fn matmul(&mut self, a: Value, b: Value) -> Result<Value> {
        let shape = product(self.shape(a), self.shape(b))?;
        Ok(self.push(Op::MatMul(a, b), shape))
    }

    /// The sum, broadcast.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the shapes do not fit.
    pub fn add(&mut self, a: Value, b: Value) -> Result<Value> {
        let shape = broadcast(self.shape(a), self.shape(b))?;
        Ok(self.push(Op::Add(a, b), shape))
    }

    /// The product of each two elements, broadcast.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the shapes do not fit.
    pub fn mul(&mut self, a: Value, b: Value) -> Result<Value> {
        let shape = broadcast(self.shape(a), self.shape(b))?;
        Ok(self.push(Op::Mul(a, b), shape))
    }

    /// The same elements in another shape, the batch still the first axis where there is one.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the number of elements differs, or the batch moves.
    pub fn reshape(&mut self, x: Value, shape: &[usize]) -> Result<Value> {
        let from = self.shape(x);
        let batched = |shape: &[usize]| shape.first() == Some(&BATCH);
        if elements(from) != elements(shape) || batched(from) != batched(shape) {
            return Err(misfit(&format!("{from:?} as {shape:?}")));
        }
        Ok(self.push(Op::Reshape(x), shape.to_vec()))
    }

    /// The axes in another order, the batch still the first where there is one.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when `axes` is no order of them, or the batch moves.
    pub fn permute(&mut self, x: Value, axes: &[usize]) -> Result<Value> {
        let from = self.shape(x);
        let mut sorted = axes.to_vec();
        sorted.sort_unstable();
        let moved = from.first() == Some(&BATCH) && axes.first() != Some(&0);
        if !sorted.into_iter().eq(0..from.len()) || moved {
            return Err(misfit(&format!("the axes of {from:?} in the order {axes:?}")));
        }
        let shape = axes.iter().map(|axis| from[*axis]).collect();
        Ok(self.push(Op::Permute(x, axes.to_vec()), shape))
    }

    /// The last two axes in the other order.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when there are fewer.
    pub fn transpose(&mut self, x: Value) -> Result<Value> {
        let rank = self.shape(x).len();
        let mut axes: Vec<usize> = (0..rank).collect();
        let [.., a, b] = axes.as_mut_slice() else {
            return Err(misfit(&format!("the transpose of {:?}", self.shape(x))));
        };
        std::mem::swap(a, b);
        self.permute(x, &axes)
    }

    /// Places `start..start + count` of `axis`.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when there are fewer.
    pub fn slice(&mut self, x: Value, axis: usize, start: usize, count: usize) -> Result<Value> {
        let mut shape = self.shape(x).to_vec();
        let fits = shape.get(axis).is_some_and(|length| *length != BATCH && start + count <= *length);
        if !fits || count == 0 {
            return Err(misfit(&format!("places {start}..{} of axis {axis} of {shape:?}", start + count)));
        }
        if shape[axis] == count {
            return Ok(x);
        }
        shape[axis] = count;
        Ok(self.push(Op::Slice { x, axis, start, count }, shape))
    }

    /// `values` one behind the other along `axis`.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when their other lengths differ.
    pub fn concat(&mut self, values: &[Value], axis: usize) -> Result<Value> {
        let mut shape = values.first().map(|first| self.shape(*first).to_vec()).unwrap_or_default();
        if shape.get(axis).is_none_or(|length| *length == BATCH) {
            return Err(misfit(&format!("{shape:?} and others along axis {axis}")));
        }
        shape[axis] = 0;
        for value in values {
            let mut other = self.shape(*value).to_vec();
            let length = other.get(axis).copied().unwrap_or_default();
            if let Some(slot) = other.get_mut(axis) {
                *slot = shape[axis];
            }
            if other != shape {
                return Err(misfit(&format!("{shape:?} and {other:?} along axis {axis}")));
            }
            shape[axis] += length;
        }
        Ok(self.push(Op::Concat(values.to_vec(), axis), shape))
    }

    /// The mean over `axis`, which is gone.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when there is no such axis, or it is the batch.
    pub fn mean(&mut self, x: Value, axis: usize) -> Result<Value> {
        let mut shape = self.shape(x).to_vec();
        if shape.get(axis).is_none_or(|length| *length == BATCH) {
            return Err(misfit(&format!("the mean over axis {axis} of {shape:?}")));
        }
        shape.remove(axis);
        Ok(self.push(Op::Mean { x, axis }, shape))
    }

    /// `[1, ..]` once for each image.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when the first axis has another length.
    pub fn per_image(&mut self, x: Value) -> Result<Value> {
        let mut shape = self.shape(x).to_vec();
        if shape.first() != Some(&1) {
            return Err(misfit(&format!("{shape:?} once for each image")));
        }
        shape[0] = BATCH;
        Ok(self.push(Op::PerImage(x), shape))
    }

    /// Zeros behind the last place of `axis`, up to `length`.
    ///
    /// # Errors
    /// [`crate::Error::Invalid`] when it is longer already, or the batch.
    pub fn pad_end(&mut self, x: Value, axis: usize, length: usize) -> Result<Value> {
        let mut shape = self.shape(x).to_vec();
        match shape.get(axis) {
            Some(found) if *found == length => return Ok(x),
            Some(found) if *found != BATCH && *found < length => {}
            _ => return Err(misfit(&format!("axis {axis} of {shape:?} with {length} places"))),
        }
        shape[axis] = length;
        Ok(self.push(Op::PadEnd { x, axis }, shape))
    }

    fn same_shape(&mut self, x: Value, op: Op) -> Value {
        let shape = self.shape(x).to_vec();
        self.push(op, shape)
    }

    fn push(&mut self, op: Op, shape: Vec<usize>) -> Value {
        self.nodes.push(Node { op, shape });
        Value(self.nodes.len() - 1)
    }
}
