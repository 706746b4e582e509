//! Query and index rows as one retrieval: labels are matched by class name, domains by domain name.

use crate::{Compared, Result, compare};
use mdfe_data::{Names, store::FeatureView};
use mdfe_eval::{Domains, Evaluation, Exclude, Metric, Retrieval, Rows};
use mdfe_model::Projection;

/// One side of a retrieval, owned.
struct Side {
    features: Vec<f32>,
    dim: usize,
    labels: Vec<i64>,
    domains: Domains,
}

impl Side {
    /// All rows of `rows`. `names` numbers the class names and is shared by both sides.
    fn new(rows: &FeatureView, names: &mut Names) -> Result<Self> {
        let view = rows.view();
        let name = |&label: &u32| i64::from(names.position(&view.class_names()[label as usize]));
        let labels = view.labels().iter().map(name).collect();
        let domain = |&id: &u32| view.domains()[id as usize].as_str();
        let domains = Domains::from_names(view.domain_ids().iter().map(domain));
        Ok(Self { features: rows.matrix()?, dim: rows.dim(), labels, domains })
    }

    fn retrieval(&self) -> Result<Retrieval<'_>> {
        Ok(Retrieval {
            embeddings: Rows::new(&self.features, self.dim)?,
            labels: &self.labels,
            domains: Some(&self.domains),
        })
    }
}

/// Scores raw, pooled and trained embeddings of the queries against the index, or among themselves without one.
pub(super) fn score(
    projection: &Projection,
    query: &FeatureView,
    index: Option<&FeatureView>,
    k: usize,
) -> Result<Compared> {
    let mut names = Names::default();
    let query = Side::new(query, &mut names)?;
    let index = index.map(|index| Side::new(index, &mut names)).transpose()?;
    let evaluation = Evaluation {
        metrics: vec![
            Metric::ModifiedPrecision(k),
            Metric::HitRate(1),
            Metric::HitRate(k),
            Metric::AveragePrecision(k),
        ],
        exclude: if index.is_none() { Exclude::SameRow } else { Exclude::Nothing },
        ..Evaluation::default()
    };
    compare(projection, query.retrieval()?, index.as_ref().unwrap_or(&query).retrieval()?, &evaluation)
}
