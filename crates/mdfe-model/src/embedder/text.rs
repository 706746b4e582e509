//! Sentences through an embedder.

use super::{Embedder, parts::other_weights};
use crate::{
    Error, Hub, Projection, Result, TextTokenizer, TextTower, Weights, pretrained, pretrained::backbone_id,
    weight_files,
};
use std::path::Path;

/// Makes embeddings of sentences, to be compared with those of images.
pub struct TextEncoder {
    /// That of the embedder; `None`: the text features as they are.
    projection: Option<Projection>,
    tower: TextTower,
    tokenizer: TextTokenizer,
}

impl Embedder {
    /// Whether the backbone's model has a text tower in the space of these features, so that [`Self::text_encoder`] is worth a try.
    ///
    /// # Errors
    /// [`Error::UnknownBackbone`] for a backbone that is not in the table.
    pub fn takes_text(&self) -> Result<bool> {
        let row = pretrained(&self.id.name)?;
        Ok(row.text.is_some() && (row.projected_dim.is_none() || self.id.proj_layer))
    }

    /// The text side of the backbone's model, from the same weight files. `tokenizer` is a `tokenizer.json` in place of the
    /// hub's; CLIP's own is built in.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the model has no text tower, or where the features lie in front of the output projection and
    /// so share no space with text; [`Error::Weights`] and [`Error::Hub`] as in loading a backbone.
    pub fn text_encoder(&self, tokenizer: Option<&Path>) -> Result<TextEncoder> {
        let row = pretrained(&self.id.name)?;
        let Some(config) = &row.text else {
            return Err(Error::Invalid(format!(
                "{} has no text tower that mdfe reads, so it cannot take sentences; use a model of OpenCLIP that has one, such as \
                 ViT-B-16-SigLIP/webli (`mdfe backbones list --text`)",
                self.id.name
            )));
        };
        if row.projected_dim.is_some() && !self.id.proj_layer {
            return Err(Error::Invalid(format!(
                "the features of {} are taken in front of its output projection, where images and text share no space; embed the \
                 index (and train) with --proj-layer",
                self.id.name
            )));
        }
        if self.backbone.feature_dim() != config.embed_dim {
            let (image, text) = (self.backbone.feature_dim(), config.embed_dim);
            return Err(Error::Invalid(format!(
                "{} has {image} image and {text} text features",
                self.id.name
            )));
        }
        let mut options = self.options.clone();
        if options.weights.is_none() && options.revision.is_none() {
            options.revision.clone_from(&self.id.commit);
        }
        let (files, _) = weight_files(row, &options)?;
        let found = backbone_id(row, &Weights::open(&files)?, self.id.proj_layer)?;
        if !found.is_same_model(&self.id) {
            return Err(Error::misfit(
                files.first().map_or(Path::new(""), |file| file),
                &format!("the embedder's backbone {}", self.id.name),
                other_weights(&self.id, &found),
            ));
        }
        let tower = TextTower::load(config, &Weights::open_text(&files)?, &self.id.name)?;
        let tokenizer = TextTokenizer::open(config, tokenizer, &Hub::new(options.hub))?;
        Ok(TextEncoder { projection: self.projection.clone(), tower, tokenizer })
    }
}

impl TextEncoder {
    /// Embeddings `[N, D]` of sentences, row-major: text features, through the projection at unit length where the embedder
    /// has one.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a sentence that cannot be encoded, [`Error::Candle`] from the tower.
    pub fn embed(&self, sentences: &[String]) -> Result<Vec<f32>> {
        let tokens = sentences.iter().map(|s| self.tokenizer.encode(s)).collect::<Result<Vec<_>>>()?;
        let features = self.tower.features(&tokens)?.flatten_all()?.to_vec1()?;
        match &self.projection {
            Some(projection) => projection.embed(&features),
            None => Ok(features),
        }
    }
}
