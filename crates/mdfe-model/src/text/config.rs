//! The configuration of a text tower.

use crate::Activation;
use serde::{Deserialize, Serialize};

/// The architecture of a text tower and how its sentences become tokens: OpenCLIP's `CLIPTextCfg` (open_clip `model.py`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TextConfig {
    /// Tokens of a sentence, T, padding included.
    pub context_length: usize,
    /// Rows of the token embedding.
    pub vocab_size: usize,
    /// Width of the transformer, W.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
    /// Blocks.
    pub layers: usize,
    /// Width of the MLPs.
    pub mlp_dim: usize,
    /// Their nonlinearity.
    pub activation: Activation,
    /// Epsilon of the layer norms.
    pub norm_eps: f64,
    /// Whether a token sees only those before it.
    pub causal: bool,
    /// Which token stands for the sentence.
    pub pool: TextPool,
    /// Whether the pooled token is projected.
    pub projection: TextProjection,
    /// Width of the space that image and text share, D.
    pub embed_dim: usize,
    /// Hub repository of the tokenizer; `None` for CLIP's own byte-pair encoding, which is built in.
    pub tokenizer: Option<String>,
    /// What happens to a sentence before it is cut into tokens.
    pub clean: TextCleaning,
    /// Whether separator tokens are replaced by token 0 (CLIPA).
    pub strip_sep: bool,
}

/// Which token stands for the sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextPool {
    /// The one with the highest number: CLIP's end of text.
    Argmax,
    /// The last one, padding included.
    Last,
    /// The first token of this number.
    Eos(u32),
}

/// From the pooled token to the shared space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextProjection {
    /// A matrix `[W, D]` from the right.
    Matrix,
    /// A linear layer with bias.
    Linear,
    /// Nothing: W is D.
    None,
}

/// How a sentence is cleaned: OpenCLIP's `get_clean_fn` (open_clip `tokenizer.py`).
///
/// Its first step, the repair of wrongly decoded text (`ftfy`) and of HTML entities, is left out: sentences are taken as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextCleaning {
    /// White space becomes single blanks.
    Whitespace,
    /// As `Whitespace`, in lower case.
    Lower,
    /// As `Lower`, underscores become blanks and ASCII punctuation goes: SigLIP.
    Canonicalize,
}
