//! The same losses in candle's own operations, gradients by candle's autograd.

use crate::{
    CenterShape, LossState, MarginLoss, Result, error::Error, error::expect_len, fused::log_density_of,
    losses::member::Sample,
};
use candle_core::{D, DType, Device, Tensor};

/// What the logits of a batch are made of.
pub(crate) struct Cosines {
    /// Cosines with the classes at hand, `[B, n]`.
    pub(crate) all: Tensor,
    /// Which of them are the samples' own classes, `[B, n]`.
    pub(crate) own: Tensor,
    /// The cosine with the sample's own class, `[B]`; any other where that is not at hand.
    pub(crate) target: Tensor,
}

/// The mean loss of a batch as a scalar tensor, by candle's own operations on any device and in f32 or f64; one training step of the state.
///
/// # Shapes
/// `embedding` `[B, D]`, not normalised; `labels` `[B]`; `centers` `[C*K, D]`, not normalised, of the embedding's type and device.
///
/// Holds several `[B, C*K]` matrices: this is the simple form, which tests compare the fused one with. Rows are divided
/// by max(norm, 1e-12). Unlike `torch.max`, candle's maximum hands a gradient to every sub-center of a tie.
pub fn unfused_loss(
    loss: &MarginLoss,
    embedding: &Tensor,
    labels: &[u32],
    centers: &Tensor,
    state: &mut LossState,
) -> Result<Tensor> {
    let shape = shape_of(loss, embedding, labels, centers)?;
    loss.check_state(state)?;
    let (batch, classes) = (labels.len(), shape.num_classes);
    let (embedding_unit, norms) = unit_rows(embedding)?;
    let (centers_unit, _) = unit_rows(centers)?;
    let cosine = embedding_unit.matmul(&centers_unit.t()?)?.reshape((batch, classes, shape.sub_centers))?;
    let cosine = cosine.max(D::Minus1)?.clamp(-1.0, 1.0)?;
    let index = Tensor::new(labels, embedding.device())?.unsqueeze(1)?;
    let target = cosine.gather(&index, 1)?.squeeze(1)?;
    let samples = samples_of(&target, &norms, labels)?;
    let own = own_class(labels, classes, embedding.device())?;
    let mut next = state.clone();
    let density = match loss.member().density_scale(&next) {
        Some(scale) => density_of(&cosine.detach(), &own, scale)?,
        None => f64::NEG_INFINITY,
    };
    loss.member().observe(&mut next, &samples, density);
    let logits = logits(loss, &next, &samples, &Cosines { all: cosine, own, target })?;
    let highest = logits.max_keepdim(1)?.detach();
    let log_sum = (logits.broadcast_sub(&highest)?.exp()?.sum(1)?.log()? + highest.squeeze(1)?)?;
    let target = logits.gather(&index, 1)?.squeeze(1)?;
    // What label smoothing wants: a share of the target's logit is replaced by the mean of all.
    let smoothing = loss.label_smoothing();
    let wanted = ((target * (1.0 - smoothing))? + (logits.mean(1)? * smoothing)?)?;
    let value = (log_sum - wanted)?.mean_all()?;
    *state = next;
    Ok(value)
}

/// The shape of the centers, if all shapes and labels fit the loss.
pub(crate) fn shape_of(
    loss: &MarginLoss,
    embedding: &Tensor,
    labels: &[u32],
    centers: &Tensor,
) -> Result<CenterShape> {
    let ((batch, dim), (rows, width)) = (embedding.dims2()?, centers.dims2()?);
    let num_classes = loss.num_classes();
    expect_len("labels", "[B]", labels.len(), batch)?;
    expect_len("the centers' columns", "[C*K, D]", width, dim)?;
    let sub_centers = rows / num_classes;
    expect_len("the centers", "[C*K, D]", rows, num_classes * sub_centers.max(1))?;
    if batch == 0 {
        return Err(Error::Size { what: "the batch size", value: 0, limit: u16::MAX as usize });
    }
    match labels.iter().position(|&label| label as usize >= num_classes) {
        Some(sample) => Err(Error::Label { label: labels[sample], sample, num_classes }),
        None => Ok(CenterShape { num_classes, sub_centers, embed_dim: dim }),
    }
}

/// Rows divided by max(norm, 1e-12), and the norms `[B]`.
pub(crate) fn unit_rows(rows: &Tensor) -> candle_core::Result<(Tensor, Tensor)> {
    // In f32 the square of 1e-12 is far above the least number, but the squares of rows as short as 1e-20 are not: they count as zero.
    let least = 1e-24;
    let squared = rows.sqr()?.sum_keepdim(1)?;
    let norm = squared.maximum(&squared.zeros_like()?.affine(0.0, least)?)?.sqrt()?;
    Ok((rows.broadcast_div(&norm)?, squared.sqrt()?.squeeze(1)?.detach()))
}

/// What the target rules need to know, from tensors `[B]`.
pub(crate) fn samples_of(
    target: &Tensor,
    norms: &Tensor,
    labels: &[u32],
) -> candle_core::Result<Vec<Sample>> {
    let values = |tensor: &Tensor| tensor.detach().to_dtype(DType::F64)?.to_vec1::<f64>();
    let pairs = values(target)?.into_iter().zip(values(norms)?).zip(labels);
    Ok(pairs.map(|((cosine, norm), &label)| Sample { cosine, norm, label }).collect())
}

/// ln(1/B sum_i sum_{c != y_i} exp(scale cos_ic)).
fn density_of(cosine: &Tensor, own: &Tensor, scale: f64) -> candle_core::Result<f64> {
    let logits = (cosine * scale)?;
    let logits = own.where_cond(&logits.ones_like()?.affine(0.0, -1e30)?, &logits)?;
    Ok(log_density_of(log_sum_exp_rows(&logits)?.into_iter()))
}

/// Which class is each sample's own, `[B, C]`; a label of C marks none.
pub(crate) fn own_class(labels: &[u32], classes: usize, device: &Device) -> candle_core::Result<Tensor> {
    let shape = (labels.len(), classes);
    let index = Tensor::new(labels, device)?.unsqueeze(1)?.broadcast_as(shape)?;
    Tensor::arange(0, classes as u32, device)?.broadcast_as(shape)?.eq(&index)
}

/// ln sum exp of each row of `[B, n]`, in f64 from the sum on.
pub(crate) fn log_sum_exp_rows(logits: &Tensor) -> candle_core::Result<Vec<f64>> {
    // Masked logits are -1e30: f32 holds it, and its exponential is zero beside any other.
    let highest = logits.max_keepdim(1)?;
    let sums = logits.broadcast_sub(&highest)?.exp()?.sum(1)?;
    let wide = |tensor: &Tensor| tensor.to_dtype(DType::F64)?.to_vec1::<f64>();
    let pairs = wide(&sums)?.into_iter().zip(wide(&highest.squeeze(1)?)?);
    Ok(pairs.map(|(sum, highest)| sum.ln() + highest).collect())
}

/// The log-sum-exp of values.
pub(crate) fn log_sum_exp(values: &[f64]) -> f64 {
    log_density_of(values.iter().copied()) + (values.len() as f64).ln()
}

/// Scaled logits `[B, n]`.
pub(crate) fn logits(
    loss: &MarginLoss,
    state: &LossState,
    samples: &[Sample],
    cosines: &Cosines,
) -> candle_core::Result<Tensor> {
    let (member, all) = (loss.member(), &cosines.all);
    let others = match member.others(state) {
        Some(rule) => {
            let bounds = samples.iter().map(|&sample| member.bound(sample));
            rule.tensor(&crate::losses::angle::constants(all, bounds)?.unsqueeze(1)?, all)?
        }
        None => all.clone(),
    };
    let target = member.target_tensor(state, samples, &cosines.target)?;
    let target = target.unsqueeze(1)?.broadcast_as(all.shape())?;
    cosines.own.where_cond(&target.contiguous()?, &others)? * member.scale(state)
}
