//! Features in spaces: extracted once, or once for each cached variant of an augmentation.

use super::{
    Facts, Pass, Sink, Source,
    joined::{Joined, Place},
    push_copies,
};
use crate::{Error, Result};
use mdfe_data::{identity::Fingerprinter, store::FeatureView};

/// Views of stored features as one source, their classes side by side in the order given.
///
/// With several variants (the same views in spaces of differently augmented pixels), epoch e takes variant e modulo their number.
#[derive(Clone, Debug)]
pub struct StoredFeatures {
    /// By variant, then by view.
    variants: Vec<Vec<FeatureView>>,
    joined: Joined,
    dim: usize,
}

impl StoredFeatures {
    /// Joins views of the same width.
    ///
    /// # Errors
    /// [`Error::Data`] when there is none, or the widths differ.
    pub fn new(views: Vec<FeatureView>) -> Result<Self> {
        Self::with_variants(vec![views])
    }

    /// Joins views of which there are several variants; every variant has the same views in the same order.
    ///
    /// # Errors
    /// [`Error::Data`] when there is none, the widths differ, or a variant has other rows.
    pub fn with_variants(variants: Vec<Vec<FeatureView>>) -> Result<Self> {
        let none =
            || Error::Data("there is no training data: name at least one set under [[data.train]]".into());
        let first = variants.first().ok_or_else(none)?;
        let dim = first.first().ok_or_else(none)?.dim();
        let mut all = Fingerprinter::new("mdfe stored features");
        for view in variants.iter().flatten() {
            if view.dim() != dim {
                let found = view.dim();
                return Err(Error::Data(format!(
                    "data sets with features of width {dim} and {found} can't be trained together: extract them with one backbone"
                )));
            }
            all.field("space", view.store().spec().fingerprint().as_bytes())
                .field("view", view.view().fingerprint().as_bytes());
        }
        // Labels are those of the first variant: the others must be the same images, not as many.
        let images =
            |views: &[FeatureView]| views.iter().map(|rows| rows.view().fingerprint()).collect::<Vec<_>>();
        let expected = images(first);
        if variants[1..].iter().any(|views| images(views) != expected) {
            return Err(Error::Data(
                "the variants of the training images do not have the same rows; extract them again".into(),
            ));
        }
        let joined = Joined::new(first.iter().map(FeatureView::view), all.finish());
        Ok(Self { variants, joined, dim })
    }

    /// The values of all samples in the first variant, `[N, D_in]`, in pieces of at most `rows` samples.
    pub(crate) fn scan(&self, rows: usize, mut sink: impl FnMut(&[f32])) -> Result<()> {
        let order: Vec<u32> = (0..self.joined.facts.len() as u32).collect();
        self.push(Pass { epoch: 0, seed: 0, order: &order, batch: rows }, &mut |samples| {
            sink(&samples.values);
            Ok(true)
        })
    }
}

impl Source for StoredFeatures {
    fn facts(&self) -> &Facts {
        &self.joined.facts
    }

    fn width(&self) -> usize {
        self.dim
    }

    fn push(&self, pass: Pass<'_>, sink: &mut Sink<'_>) -> Result<()> {
        let views = &self.variants[pass.epoch % self.variants.len()];
        push_copies(pass, self.dim, sink, |rows, out| {
            for (&row, out) in rows.iter().zip(out.chunks_exact_mut(self.dim)) {
                let Place { part, row } = self.joined.place(row);
                views[part].gather(&[row], out)?;
            }
            Ok(())
        })
    }
}
