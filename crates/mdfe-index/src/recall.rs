//! What a search that is not exact misses.

use crate::{Dtype, Index, Query, Rescore, Result, search::Filter};
use mdfe_eval::{Exclude, Knn, Rows};
use serde::{Deserialize, Serialize};

/// Rows that are searched for.
const SAMPLE: usize = 200;
/// Neighbours of each.
const K: usize = 5;

/// The share of the exact neighbours that a search finds, measured on rows of the index itself: each is searched for, itself left out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recall {
    /// Neighbours of each query, 5.
    pub k: usize,
    /// How many rows were searched for, at even distances.
    pub queries: usize,
    /// How many rows the index had.
    pub rows: usize,
    /// Neighbours that were found, over those of the exact search over the finer copies.
    pub recall: f64,
}

impl Index {
    /// Measures it anew; `None` where the search is exact, there is no finer copy to compare with, or there are not two rows.
    ///
    /// # Errors
    /// [`crate::Error::Search`], for an index that is damaged.
    pub fn measure_recall(&self) -> Result<Option<Recall>> {
        if self.manifest.dtype != Dtype::Binary || self.manifest.rescore == Rescore::None || self.len() < 2 {
            return Ok(None);
        }
        let step = self.len().div_ceil(SAMPLE);
        let ids: Vec<u32> = self.ids().step_by(step).collect();
        let mut values = Vec::with_capacity(ids.len() * self.dim());
        for &id in &ids {
            values.extend(self.vector(id)?);
        }
        let query = Rows::new(&values, self.dim())?;
        let keep = self.keep(&Filter::default())?;
        let options =
            Knn { k: K, exclude: Exclude::Rows(ids.iter().map(|id| Some(*id)).collect()), ..Knn::default() };
        let exact = self.exact(&options, query, &keep)?;
        // Of the candidates one is the row itself.
        let wide = Knn { k: K + 1, ..Knn::default() };
        let found = self.neighbours(&wide, query, &keep, Query::new(query).candidates)?;
        let (mut hits, mut all) = (0, 0);
        for ((exact, found), own) in exact.rows().zip(found.rows()).zip(&ids) {
            let found: Vec<u32> = found.iter().map(|n| n.id).filter(|id| id != own).take(K).collect();
            hits += exact.iter().filter(|n| found.contains(&n.id)).count();
            all += exact.len();
        }
        let recall = hits as f64 / all as f64;
        Ok(Some(Recall { k: K, queries: ids.len(), rows: self.len(), recall }))
    }
}
