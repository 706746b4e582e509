//! What training gains: the same queries before and after.

use crate::Result;
use mdfe_eval::{Evaluation, Report, Retrieval, Rows};
use mdfe_model::Projection;
use serde::Serialize;

/// Scores of the same queries in the same index, by embedding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The backbone's features themselves, normalised.
    pub zero_shot: Report,
    /// The features, average-pooled to the embedding's width.
    pub zero_shot_pooled: Report,
    /// The trained embedding.
    pub trained: Report,
}

/// Scores raw features, pooled features and the trained embedding. `query` and `index` hold backbone features.
///
/// # Errors
/// What [`Evaluation::run`] and [`Projection::embed`] refuse.
pub fn compare(
    trained: &Projection,
    query: Retrieval<'_>,
    index: Retrieval<'_>,
    evaluation: &Evaluation,
) -> Result<Comparison> {
    let (feature_dim, embed_dim) = (trained.feature_dim(), trained.embed_dim());
    let score = |projection: &Projection| -> Result<Report> {
        let embed = |side: Retrieval<'_>| -> Result<Vec<f32>> {
            let rows: Vec<f32> =
                (0..side.embeddings.len()).flat_map(|row| side.embeddings.row(row)).copied().collect();
            Ok(projection.embed(&rows)?)
        };
        let (q, i) = (embed(query)?, embed(index)?);
        let dim = projection.embed_dim();
        let query = Retrieval { embeddings: Rows::new(&q, dim)?, ..query };
        let index = Retrieval { embeddings: Rows::new(&i, dim)?, ..index };
        Ok(evaluation.run(query, index)?)
    };
    Ok(Comparison {
        zero_shot: score(&Projection::Identity { feature_dim })?,
        zero_shot_pooled: score(&Projection::AvgPool { feature_dim, embed_dim })?,
        trained: score(trained)?,
    })
}
