//! What training gains: the same queries before and after.

use crate::Result;
use mdfe_eval::{Bootstrap, Evaluation, Report, Retrieval, Rows, Scores};
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

/// A comparison, and what the trained embedding found.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// The means, with intervals.
    pub comparison: Comparison,
    /// Every query's scores and neighbours by the trained embedding.
    pub found: Scores,
    /// The queries' trained embeddings, `[Q, D]`.
    pub query: Vec<f32>,
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

/// Scores raw features, pooled features and the trained embedding, with intervals. `query` and `index` hold backbone features.
///
/// # Errors
/// What [`Evaluation::scores`] and [`Projection::embed`] refuse.
pub fn compare(
    trained: &Projection,
    query: Retrieval<'_>,
    index: Retrieval<'_>,
    evaluation: &Evaluation,
) -> Result<Compared> {
    let (feature_dim, embed_dim) = (trained.feature_dim(), trained.embed_dim());
    let score = |projection: &Projection| -> Result<(Scores, Vec<f32>)> {
        let embed = |side: Retrieval<'_>| -> Result<Vec<f32>> {
            let rows: Vec<f32> =
                (0..side.embeddings.len()).flat_map(|row| side.embeddings.row(row)).copied().collect();
            Ok(projection.embed(&rows)?)
        };
        let (q, i) = (embed(query)?, embed(index)?);
        let dim = projection.embed_dim();
        let query = Retrieval { embeddings: Rows::new(&q, dim)?, ..query };
        let index = Retrieval { embeddings: Rows::new(&i, dim)?, ..index };
        Ok((evaluation.scores(query, index)?, q))
    };
    let report = |scores: &Scores| Report::with_intervals(scores, &Bootstrap::default());
    let (found, query) = score(trained)?;
    let comparison = Comparison {
        raw: report(&score(&Projection::Identity { feature_dim })?.0)?,
        pooled: report(&score(&Projection::AvgPool { feature_dim, embed_dim })?.0)?,
        trained: report(&found)?,
    };
    Ok(Compared { comparison, found, query })
}
