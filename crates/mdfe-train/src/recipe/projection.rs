//! The projection from features to embedding.

use crate::config::{Range, Takes, choices, section};

choices! {
    /// Kind of projection.
    #[derive(Default)]
    pub enum ProjectionKind {
        /// A linear map with bias, trained.
        #[default]
        Linear = "linear",
        /// Adaptive average pooling; the centers alone are trained.
        AvgPool = "avgpool",
    }
}

section! {
    /// The projection from features to embedding.
    pub struct ProjectionOptions {
        /// Kind of projection.
        kind: ProjectionKind = ProjectionKind::Linear, Takes::choice::<ProjectionKind>();
        /// D, width of the embedding.
        embed_dim: usize = 64, Takes::Count(1);
        /// Probability of dropout on the features.
        dropout: f64 = 0.2, Takes::Number(Range::below(0.0, 1.0));
    }
}
