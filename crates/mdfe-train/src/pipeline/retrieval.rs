//! Query and index stores as one retrieval: labels are matched by class name, domains by domain name.

use crate::{Comparison, Result, compare};
use mdfe_data::store::FeatureStore;
use mdfe_eval::{Domains, Evaluation, Exclude, Metric, Retrieval, Rows};
use mdfe_model::Projection;
use std::collections::HashMap;

/// One side of a retrieval, owned.
struct Side {
    features: Vec<f32>,
    dim: usize,
    labels: Vec<i64>,
    domains: Domains,
}

impl Side {
    /// All rows of `stores`. `names` numbers the class names and is shared by both sides.
    fn new(stores: &[FeatureStore], names: &mut HashMap<String, i64>) -> Result<Self> {
        let (mut features, mut labels, mut domains) = (Vec::new(), Vec::new(), Vec::new());
        for store in stores {
            features.extend(store.matrix()?);
            for row in 0..store.len() {
                let name = &store.manifest().class_names[store.labels()[row] as usize];
                let next = names.len() as i64;
                labels.push(*names.entry(name.clone()).or_insert(next));
                domains.push(store.domains()[store.domain_ids()[row] as usize].as_str());
            }
        }
        let dim = stores.first().map_or(1, FeatureStore::dim);
        Ok(Self { features, dim, labels, domains: Domains::from_names(domains) })
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
pub(super) fn compare_stores(
    projection: &Projection,
    query: &[FeatureStore],
    index: &[FeatureStore],
    k: usize,
) -> Result<Comparison> {
    let mut names = HashMap::new();
    let query = Side::new(query, &mut names)?;
    let index = if index.is_empty() { None } else { Some(Side::new(index, &mut names)?) };
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
