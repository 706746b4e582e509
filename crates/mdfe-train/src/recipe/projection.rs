//! The projection from features to embedding.

use crate::config::{Range, Takes, choices, section};

choices! {
    /// Kind of projection.
    #[derive(Default)]
    pub enum ProjectionKind {
        /// A linear map with bias, trained.
        #[default]
        Linear = "linear",
        /// Two linear maps with ReLU between them, trained.
        Mlp = "mlp",
        /// Adaptive average pooling; the centers alone are trained.
        AvgPool = "avgpool",
        /// The first principal components of the training features; the centers alone are trained.
        Pca = "pca",
        /// A random linear map that stays as it is; the centers alone are trained.
        Random = "random",
        /// The features themselves; the centers alone are trained.
        None = "none",
    }
}

impl ProjectionKind {
    /// Whether kind and data alone say what the projection is: what another training has learnt is no part of it.
    pub(crate) fn is_given(self) -> bool {
        matches!(self, Self::AvgPool | Self::Pca)
    }
}

section! {
    /// The projection from features to embedding.
    pub struct ProjectionOptions {
        /// Kind of projection.
        kind: ProjectionKind = ProjectionKind::Linear, Takes::choice::<ProjectionKind>();
        /// D, width of the embedding; of the features themselves with `none`.
        embed_dim: usize = 64, Takes::Count(1);
        /// `mlp`: width between its two layers.
        hidden_dim: usize = 512, Takes::Count(1);
        /// Probability of dropout on the features.
        dropout: f64 = 0.2, Takes::Number(Range::below(0.0, 1.0));
    }
}
