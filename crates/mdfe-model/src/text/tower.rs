//! The text transformer.

use super::{TextConfig, TextPool, TextProjection};
use crate::{
    Error, Result, Weights,
    blocks::{Block, LayerNorm, Linear, Mode},
    families::ResBlock,
};
use candle_core::{DType, Device, Tensor};

/// OpenCLIP's `TextTransformer` (open_clip `transformer.py`): tokens `[B, T]` to text features `[B, D]`, f32 on the CPU.
pub struct TextTower {
    config: TextConfig,
    tokens: Tensor,
    positions: Tensor,
    blocks: Vec<Block>,
    norm: LayerNorm,
    projection: Option<Linear>,
}

impl TextTower {
    /// Reads `token_embedding`, `positional_embedding`, `transformer.resblocks.{i}`, `ln_final` and `text_projection`;
    /// [`Weights::open_text`] finds them in a checkpoint of both towers.
    ///
    /// # Errors
    /// [`Error::Weights`] lists the keys that are missing, mis-shaped or unexpected.
    pub fn load(config: &TextConfig, weights: &Weights, model: &str) -> Result<Self> {
        let w = &weights.on(&Device::Cpu, DType::F32);
        let (width, dim) = (config.width, config.embed_dim);
        let projection = match config.projection {
            TextProjection::Matrix => {
                Some(Linear { weight: w.get("text_projection", &[width, dim])?.t()?, bias: None })
            }
            TextProjection::Linear => Some(Linear::load(&w.at("text_projection"), dim, width)?),
            TextProjection::None => None,
        };
        let layers = w.at("transformer").at("resblocks");
        let block = ResBlock {
            width,
            heads: config.heads,
            mlp_dim: config.mlp_dim,
            activation: config.activation,
            norm_eps: config.norm_eps,
            causal: config.causal,
        };
        let tower = Self {
            config: config.clone(),
            tokens: w.get("token_embedding.weight", &[config.vocab_size, width])?,
            positions: w.get("positional_embedding", &[config.context_length, width])?,
            blocks: (0..config.layers).map(|i| block.load(&layers.at(i))).collect::<Result<_>>()?,
            norm: LayerNorm::load(&w.at("ln_final"), width, config.norm_eps)?,
            projection,
        };
        // A buffer of some old checkpoints; it follows from the configuration.
        w.allow_unused("attn_mask");
        w.finish(&format!("the text tower of {model}"))?;
        Ok(tower)
    }

    /// The architecture's configuration.
    pub fn config(&self) -> &TextConfig {
        &self.config
    }

    /// Tokens, T for each of B sentences, to features `[B, D]`, not normalised.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a sentence of another length than T or a token that the tower does not know.
    pub fn features(&self, sentences: &[Vec<u32>]) -> Result<Tensor> {
        let TextConfig { context_length: length, vocab_size, width, .. } = self.config;
        for sentence in sentences {
            if sentence.len() != length {
                let found = sentence.len();
                return Err(Error::Invalid(format!(
                    "a sentence has {found} tokens, the text tower takes {length}"
                )));
            }
            if let Some(token) = sentence.iter().find(|&&token| token as usize >= vocab_size) {
                return Err(Error::Invalid(format!(
                    "the token {token} is not below {vocab_size}, the tower's vocabulary"
                )));
            }
        }
        let batch = sentences.len();
        let tokens = Tensor::from_vec(sentences.concat(), batch * length, &Device::Cpu)?;
        let x = self.tokens.index_select(&tokens, 0)?.reshape((batch, length, width))?;
        let mut x = x.broadcast_add(&self.positions)?;
        for block in &self.blocks {
            x = block.forward(&x, None, Mode::Inference)?;
        }
        let x = self.norm.forward(&x, Mode::Inference)?;
        let rows: Vec<u32> =
            sentences.iter().zip(0..).map(|(s, i): (_, usize)| (i * length + self.place(s)) as u32).collect();
        let rows = Tensor::from_vec(rows, batch, &Device::Cpu)?;
        let pooled = x.reshape((batch * length, width))?.index_select(&rows, 0)?;
        match &self.projection {
            Some(projection) => projection.forward(&pooled),
            None => Ok(pooled),
        }
    }

    /// The place of the token that stands for the sentence; the first of several, as in PyTorch.
    fn place(&self, sentence: &[u32]) -> usize {
        let first = |wanted: u32| sentence.iter().position(|&token| token == wanted).unwrap_or(0);
        match self.config.pool {
            TextPool::Argmax => first(sentence.iter().copied().max().unwrap_or(0)),
            TextPool::Last => sentence.len() - 1,
            TextPool::Eos(eos) => first(eos),
        }
    }
}
