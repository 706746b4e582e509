//! What turns pixels and sentences into embeddings.

use mdfe_data::{EmbedderId, PreprocessRecord};
use mdfe_model::{Embedder, Result, TextEncoder};

/// What a client may know of a model.
#[derive(Clone, Debug)]
pub struct ModelInfo {
    /// What requests call it.
    pub name: String,
    /// Which embedder it is; its embeddings may be compared with those of the same alone.
    pub id: EmbedderId,
    /// Width of the embeddings, D.
    pub dim: usize,
    /// Widths below D whose prefixes work by themselves (`loss.nested_dims`).
    pub prefixes: Vec<usize>,
    /// Whether it takes sentences into the space of its images.
    pub takes_text: bool,
    /// The transform that makes its pixels.
    pub preprocess: PreprocessRecord,
}

/// A model at work: [`Model`], or a stand-in for tests.
pub trait Encode: Send + Sync {
    /// What it is.
    fn info(&self) -> &ModelInfo;

    /// Embeddings `[B, D]` of `pixels [B, 3, H, W]`, row-major.
    ///
    /// # Errors
    /// The model's.
    fn images(&self, count: usize, pixels: Vec<f32>) -> Result<Vec<f32>>;

    /// The embedding `[D]` of a sentence. Sentences are encoded one at a time, so that none depends on its neighbours.
    ///
    /// # Errors
    /// [`mdfe_model::Error::Invalid`] for a sentence that cannot be encoded, or where there is no text tower.
    fn text(&self, sentence: &str) -> Result<Vec<f32>>;
}

/// An embedder, with its text side where it has one.
pub struct Model {
    info: ModelInfo,
    embedder: Embedder,
    text: Option<TextEncoder>,
}

impl Model {
    /// Serves `embedder` as `name`; `text` is its [`Embedder::text_encoder`].
    pub fn new(name: &str, embedder: Embedder, text: Option<TextEncoder>) -> Self {
        let dim = embedder.dim();
        let mut prefixes = embedder.meta().map(|meta| meta.nested_dims()).unwrap_or_default();
        prefixes.retain(|&prefix| (1..dim).contains(&prefix));
        prefixes.sort_unstable();
        prefixes.dedup();
        let info = ModelInfo {
            name: name.to_owned(),
            id: embedder.embedder_id(),
            dim,
            prefixes,
            takes_text: text.is_some(),
            preprocess: embedder.preprocess().clone(),
        };
        Self { info, embedder, text }
    }
}

impl Encode for Model {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn images(&self, count: usize, pixels: Vec<f32>) -> Result<Vec<f32>> {
        self.embedder.embed_pixels(count, pixels)
    }

    fn text(&self, sentence: &str) -> Result<Vec<f32>> {
        match &self.text {
            Some(text) => text.embed(&[sentence.to_owned()]),
            None => Err(mdfe_model::Error::Invalid(format!("{} takes no sentences", self.info.name))),
        }
    }
}
