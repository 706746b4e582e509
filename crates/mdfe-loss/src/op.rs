//! The fused step as a candle operation.

use crate::{Batch, BlockedLoss, CenterShape, ClassSample, Error, FusedStep, LossState, MarginLoss, Result};
use candle_core::{CpuStorage, CustomOp2, DType, Layout, Shape, Tensor};

/// Classes per block on a GPU: 8192 x 3 x 128 cosines are 12 MB.
const DEVICE_BLOCK: usize = 8192;

/// A margin softmax for candle models: `forward` gives a scalar whose `backward()` fills the gradients of embedding and centers.
///
/// On the CPU the fused step computes loss and gradients at once, in f32 (other types are converted), and `backward` returns what it
/// has stored. On other devices the loss is [`BlockedLoss`]. Differentiable once.
#[derive(Debug)]
pub struct MarginSoftmax {
    fused: FusedStep,
}

impl MarginSoftmax {
    /// The operation for centers of this shape.
    pub fn new(loss: MarginLoss, shape: CenterShape) -> Result<Self> {
        Ok(Self { fused: FusedStep::new(loss, shape)? })
    }

    /// Restricts the following calls to a sample of the classes, or lifts the restriction. On other devices than the CPU a
    /// restricted [`forward`](Self::forward) is [`Error::SampleDevice`].
    pub fn sample_classes(&mut self, sample: Option<ClassSample>) -> Result<()> {
        self.fused.sample_classes(sample)
    }

    /// The mean loss of a batch, a scalar of the embedding's type; one training step of the state.
    ///
    /// # Shapes
    /// `embedding` `[B, D]`, not normalised; `labels` `[B]`; `centers` `[C*K, D]`, not normalised, on the embedding's device.
    pub fn forward(
        &mut self,
        embedding: &Tensor,
        labels: &[u32],
        centers: &Tensor,
        state: &mut LossState,
    ) -> Result<Tensor> {
        if !embedding.device().is_cpu() {
            if self.fused.is_sampled() {
                return Err(Error::SampleDevice);
            }
            let blocked = BlockedLoss { loss: self.fused.margin_loss().clone(), block_classes: DEVICE_BLOCK };
            return blocked.forward(embedding, labels, centers, state);
        }
        let (dims, dtype) = (embedding.dims2()?, embedding.dtype());
        let (embedding, centers) = (embedding.to_dtype(DType::F32)?, centers.to_dtype(DType::F32)?);
        let (x, w) = (embedding.flatten_all()?.to_vec1()?, centers.flatten_all()?.to_vec1()?);
        if dims.0 != labels.len() {
            let (what, shape) = ("labels", "[B]");
            return Err(Error::Shape { what, shape, expected: dims.0, found: labels.len() });
        }
        let gradients = self.fused.loss_and_grad(Batch { embedding: &x, labels }, &w, state)?;
        let stored = Stored {
            loss: gradients.loss as f32,
            embedding: Tensor::from_vec(gradients.embedding, embedding.shape(), embedding.device())?,
            centers: Tensor::from_vec(gradients.centers, centers.shape(), centers.device())?,
        };
        Ok(embedding.apply_op2(&centers, stored)?.to_dtype(dtype)?)
    }
}

/// A loss with its gradients, in the clothes of an operation.
struct Stored {
    loss: f32,
    embedding: Tensor,
    centers: Tensor,
}

impl CustomOp2 for Stored {
    fn name(&self) -> &'static str {
        "margin-softmax"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        Ok((CpuStorage::F32(vec![self.loss]), Shape::from(())))
    }

    fn bwd(
        &self,
        _: &Tensor,
        _: &Tensor,
        _: &Tensor,
        by_loss: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((Some(self.embedding.broadcast_mul(by_loss)?), Some(self.centers.broadcast_mul(by_loss)?)))
    }
}
