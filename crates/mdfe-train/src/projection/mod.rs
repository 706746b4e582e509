//! From features to embedding: affine layers with ReLU between them, trained or fitted.
//!
//! Every kind is a number of layers: none (`none`), one (`linear`, `avgpool`, `pca`, `random`), two (`mlp`).

mod affine;
mod dropout;
mod pca;

pub use dropout::dropout;
pub use pca::Pca;

use crate::{
    Group, Param, ProjectionKind, ProjectionOptions, Result,
    random::{Purpose, stream},
};
use affine::Affine;
use rand::RngExt;

/// What a projection starts from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beginning<'a> {
    /// Width of the features, D_in.
    pub(crate) feature_dim: usize,
    /// Seed of the initial values.
    pub(crate) seed: u64,
    /// The principal components of the features, for `pca`.
    pub(crate) pca: Option<&'a Pca>,
}

/// The layers of a projection; their values are [`Param`]s, weight and bias of each layer in order.
#[derive(Clone, Debug)]
pub(crate) struct Layers {
    kind: ProjectionKind,
    /// Widths from D_in to D, one more than there are layers.
    widths: Vec<usize>,
    /// The inputs of the second and later layers for the last batch, after the ReLU.
    hidden: Vec<Vec<f32>>,
}

/// What a pass back is given.
#[derive(Clone, Copy)]
pub(crate) struct Back<'a> {
    /// The projection's parameters.
    pub(crate) params: &'a [Param],
    /// `[B, D_in]`, as the pass forward saw them.
    pub(crate) features: &'a [f32],
    /// `[B, D]`.
    pub(crate) d_embedding: &'a [f32],
}

impl Layers {
    /// The layers of a kind and their first values.
    pub(crate) fn new(options: &ProjectionOptions, from: Beginning<'_>) -> (Self, Vec<Param>) {
        let (dim, embed_dim) = (from.feature_dim, options.embed_dim);
        let widths = match options.kind {
            ProjectionKind::None => vec![dim],
            ProjectionKind::Mlp => vec![dim, options.hidden_dim, embed_dim],
            _ => vec![dim, embed_dim],
        };
        let mut rng = stream(from.seed, Purpose::Projection, 0);
        let mut params = Vec::new();
        for (i, pair) in widths.windows(2).enumerate() {
            let last = i + 2 == widths.len();
            let name = if last { "projection" } else { "projection.hidden" };
            let affine = match (options.kind, from.pca) {
                (ProjectionKind::AvgPool, _) => Affine::average_pool(pair[0], pair[1]),
                (ProjectionKind::Pca, Some(pca)) => pca.affine(pair[1]),
                _ => Affine::random(pair[0], pair[1], &mut || rng.random::<f64>()),
            };
            let param = match options.kind {
                ProjectionKind::Linear | ProjectionKind::Mlp => Param::trained,
                _ => Param::fixed,
            };
            params.push(param(format!("{name}.weight"), Group::Projection, affine.weight));
            params.push(param(format!("{name}.bias"), Group::Projection, affine.bias));
        }
        let hidden = vec![Vec::new(); widths.len().saturating_sub(2)];
        (Self { kind: options.kind, widths, hidden }, params)
    }

    /// Width of the embedding, D.
    pub(crate) fn embed_dim(&self) -> usize {
        self.widths[self.widths.len() - 1]
    }

    /// `features [B, D_in]` (after dropout) to `embedding [B, D]`, not normalised.
    pub(crate) fn forward(&mut self, params: &[Param], features: &[f32], embedding: &mut Vec<f32>) {
        let rows = features.len() / self.widths[0].max(1);
        let layers = self.widths.len() - 1;
        if layers == 0 {
            embedding.clear();
            embedding.extend_from_slice(features);
            return;
        }
        let mut hidden = std::mem::take(&mut self.hidden);
        for i in 0..layers {
            let (done, rest) = hidden.split_at_mut(i);
            let input = if i == 0 { features } else { &done[i - 1][..] };
            let last = i + 1 == layers;
            let out = if last { &mut *embedding } else { &mut rest[0] };
            out.resize(rows * self.widths[i + 1], 0.0);
            affine::forward(layer(params, i), input, out);
            if !last {
                out.iter_mut().for_each(|value| *value = value.max(0.0));
            }
        }
        self.hidden = hidden;
    }

    /// The gradients by the parameters, written over `gradients`, and by the features where they are wanted.
    pub(crate) fn backward(
        &self,
        back: Back<'_>,
        gradients: &mut [Vec<f32>],
        d_features: Option<&mut Vec<f32>>,
    ) {
        let layers = self.widths.len() - 1;
        if layers == 0 {
            if let Some(out) = d_features {
                out.clear();
                out.extend_from_slice(back.d_embedding);
            }
            return;
        }
        let rows = back.d_embedding.len() / self.embed_dim().max(1);
        let mut d_out = back.d_embedding.to_vec();
        for i in (0..layers).rev() {
            let input = if i == 0 { back.features } else { &self.hidden[i - 1][..] };
            if back.params[2 * i].is_trained() {
                let (weight, bias) = gradients[2 * i..2 * i + 2].split_at_mut(1);
                affine::backward(input, &d_out, (&mut weight[0], &mut bias[0]));
            }
            if i > 0 {
                let mut d_input = vec![0.0; rows * self.widths[i]];
                affine::backward_input(layer(back.params, i), &d_out, &mut d_input);
                d_input.iter_mut().zip(input).for_each(|(d, x)| {
                    if *x <= 0.0 {
                        *d = 0.0;
                    }
                });
                d_out = d_input;
            }
        }
        if let Some(out) = d_features {
            out.resize(rows * self.widths[0], 0.0);
            affine::backward_input(layer(back.params, 0), &d_out, out);
        }
    }

    /// The projection as an embedder uses it, with these parameters.
    ///
    /// # Errors
    /// None for parameters of these layers.
    pub(crate) fn finish(&self, params: &[Param]) -> Result<mdfe_model::Projection> {
        let data = |i: usize| params[i].final_data().to_vec();
        Ok(match self.kind {
            ProjectionKind::None => mdfe_model::Projection::Identity { feature_dim: self.widths[0] },
            ProjectionKind::AvgPool => {
                mdfe_model::Projection::AvgPool { feature_dim: self.widths[0], embed_dim: self.widths[1] }
            }
            ProjectionKind::Mlp => {
                let hidden = mdfe_model::Layer { weight: data(0), bias: data(1) };
                mdfe_model::Projection::mlp(hidden, mdfe_model::Layer { weight: data(2), bias: data(3) })?
            }
            _ => mdfe_model::Projection::linear(data(0), data(1))?,
        })
    }
}

/// Weight and bias of a layer.
fn layer(params: &[Param], i: usize) -> affine::Layer<'_> {
    affine::Layer { weight: &params[2 * i].data, bias: &params[2 * i + 1].data }
}
