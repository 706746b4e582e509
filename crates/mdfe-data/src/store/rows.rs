//! A view with the features of one space.

use super::{FeatureStore, View, reader::Place};
use crate::{Error, Result};
use std::sync::Arc;

/// The rows of a view in the features of a space: `[N, D_in]` with class, domain and path for each.
#[derive(Clone, Debug)]
pub struct FeatureView {
    store: Arc<FeatureStore>,
    view: Arc<View>,
    places: Vec<Place>,
}

impl FeatureView {
    /// Looks every row of `view` up in `store`.
    ///
    /// # Errors
    /// [`Error::Missing`] names the first image without features.
    pub fn new(store: Arc<FeatureStore>, view: Arc<View>) -> Result<Self> {
        let places = {
            let all = store.places();
            let find = |row| {
                all.find(view.key(row)).ok_or_else(|| store.not_there(view.path(row).unwrap_or_default()))
            };
            (0..view.len()).map(find).collect::<Result<Vec<_>>>()?
        };
        Ok(Self { store, view, places })
    }

    /// The same features for another view.
    ///
    /// # Errors
    /// [`Error::Missing`] names the first image without features.
    pub fn with_view(&self, view: Arc<View>) -> Result<Self> {
        Self::new(Arc::clone(&self.store), view)
    }

    /// The features' space.
    pub fn store(&self) -> &FeatureStore {
        &self.store
    }

    /// The rows' facts.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The rows' facts, shared.
    pub fn shared_view(&self) -> Arc<View> {
        Arc::clone(&self.view)
    }

    /// Number of rows, N.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Width of the features, D_in.
    pub fn dim(&self) -> usize {
        self.store.dim()
    }

    /// Copies the features of `rows` into `out [rows.len(), D_in]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a row past the end or an `out` of another length.
    pub fn gather(&self, rows: &[usize], out: &mut [f32]) -> Result<()> {
        let dim = self.dim();
        if out.len() != rows.len() * dim {
            let want = rows.len() * dim;
            return Err(Error::Invalid(format!("gather needs a buffer of {want} values, got {}", out.len())));
        }
        for (&row, out) in rows.iter().zip(out.chunks_exact_mut(dim)) {
            let place = *self.places.get(row).ok_or_else(|| {
                Error::Invalid(format!("row {row} is past the end of a view of {} rows", self.len()))
            })?;
            self.store.copy(place, out);
        }
        Ok(())
    }

    /// All features as one matrix `[N, D_in]`.
    ///
    /// # Errors
    /// None: every row is there.
    pub fn matrix(&self) -> Result<Vec<f32>> {
        let rows: Vec<usize> = (0..self.len()).collect();
        let mut out = vec![0.0; rows.len() * self.dim()];
        self.gather(&rows, &mut out)?;
        Ok(out)
    }
}
