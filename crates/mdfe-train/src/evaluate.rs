//! What training gains: the same queries before and after.

use crate::Result;
use mdfe_eval::{Evaluation, Report, Retrieval, Rows};
use mdfe_model::Projection;
use serde::Serialize;

/// Scores of the same queries in the same index, by embedding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The backbone's features themselves, normalised.
    pub raw: Report,
    /// The features, average-pooled to the embedding's width.
    pub pooled: Report,
    /// The trained embedding.
    pub trained: Report,
}

/// The scores of one embedding.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored<'a> {
    /// Its name in tables and JSON: `raw`, `pooled` or `trained`.
    pub name: &'static str,
    /// Its scores.
    pub report: &'a Report,
}

impl Comparison {
    /// The scores with their names, in the order of tables.
    pub fn scored(&self) -> [Scored<'_>; 3] {
        let Self { raw, pooled, trained } = self;
        [
            Scored { name: "raw", report: raw },
            Scored { name: "pooled", report: pooled },
            Scored { name: "trained", report: trained },
        ]
    }
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
        raw: score(&Projection::Identity { feature_dim })?,
        pooled: score(&Projection::AvgPool { feature_dim, embed_dim })?,
        trained: score(trained)?,
    })
}
