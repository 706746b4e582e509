//! Sentences to tokens.

use super::{TextConfig, clip_bpe};
use crate::{Error, Hub, Result};
use std::path::{Path, PathBuf};
use tokenizers::{Tokenizer, TruncationParams};

/// The tokenizer of a text tower.
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    config: TextConfig,
    /// What fills a sentence up to the context length.
    pad: u32,
    /// The token that `strip_sep` replaces.
    sep: Option<u32>,
    /// CLIP's built-in encoding, whose marks are put around a sentence here.
    built_in: bool,
    source: String,
}

impl TextTokenizer {
    /// CLIP's own encoding needs no file; other tokenizers are `tokenizer.json` of the repository that `config` names, from
    /// `hub`, or `file`. The number of the padding token is in the file or in `tokenizer_config.json` beside it.
    ///
    /// # Errors
    /// [`Error::Hub`] when it cannot be fetched, [`Error::Invalid`] for a file that is no tokenizer or does not tell how
    /// to pad.
    pub fn open(config: &TextConfig, file: Option<&Path>, hub: &Hub) -> Result<Self> {
        let (path, companion) = match (file, &config.tokenizer) {
            (Some(file), _) => {
                (file.to_path_buf(), Some(file.with_file_name(COMPANION)).filter(|p| p.exists()))
            }
            (None, None) => {
                let (tokenizer, source) = (clip_bpe::tokenizer()?, "CLIP's tokenizer".to_owned());
                return Ok(Self {
                    tokenizer,
                    config: config.clone(),
                    pad: 0,
                    sep: None,
                    built_in: true,
                    source,
                });
            }
            (None, Some(repo)) => {
                let main = hub.fetch(repo, "tokenizer.json", None)?;
                (main.path, Some(hub.fetch(repo, COMPANION, Some(&main.commit))?.path))
            }
        };
        Self::from_file(config, &path, companion)
    }

    /// The tokens `[T]` of a sentence: cleaned, cut off at the context length with the closing mark kept, padded.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the tokenizer fails or knows tokens that the tower does not.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let (config, length) = (&self.config, self.config.context_length);
        let text = config.clean.apply(text);
        let encoding = self
            .tokenizer
            .encode(text.as_str(), !self.built_in)
            .map_err(|e| Error::Invalid(format!("{} cannot encode `{text}`: {e}", self.source)))?;
        let mut tokens = encoding.get_ids().to_vec();
        if self.built_in {
            tokens.insert(0, clip_bpe::START);
            tokens.truncate(length - 1);
            tokens.push(clip_bpe::END);
        }
        tokens.resize(length, self.pad);
        if config.strip_sep {
            tokens.iter_mut().filter(|token| Some(**token) == self.sep).for_each(|token| *token = 0);
        }
        match tokens.iter().find(|&&token| token as usize >= config.vocab_size) {
            None => Ok(tokens),
            Some(token) => Err(Error::Invalid(format!(
                "{} gives the token {token}, but the text tower knows {} tokens; give the model's own tokenizer",
                self.source, config.vocab_size
            ))),
        }
    }

    fn from_file(config: &TextConfig, path: &Path, companion: Option<PathBuf>) -> Result<Self> {
        let bad = |what: String| Error::Invalid(format!("{} {what}", path.display()));
        if !path.exists() {
            return Err(bad("does not exist; --tokenizer takes the model's tokenizer.json".into()));
        }
        let mut tokenizer =
            Tokenizer::from_file(path).map_err(|e| bad(format!("is not a tokenizer.json: {e}")))?;
        let companion = companion.map(|file| read_json(&file)).transpose()?.unwrap_or_default();
        let special = |key: &str| {
            let value = &companion[key];
            let name = value.as_str().or_else(|| value["content"].as_str())?;
            tokenizer.token_to_id(name)
        };
        let stated = tokenizer.get_padding().map(|padding| padding.pad_id);
        // OpenCLIP pads CLIP's own vocabulary with 0, whatever the file says.
        let own = config.tokenizer.is_none().then_some(0);
        let pad = own.or(stated).or_else(|| special("pad_token")).ok_or_else(|| {
            bad(format!("does not tell its padding token; put the model's {COMPANION} beside it"))
        })?;
        let sep = special("sep_token").or_else(|| tokenizer.token_to_id("[SEP]"));
        tokenizer.with_padding(None);
        let truncation =
            TruncationParams { max_length: config.context_length, ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|e| bad(format!("cannot truncate: {e}")))?;
        let source = path.display().to_string();
        Ok(Self { tokenizer, config: config.clone(), pad, sep, built_in: false, source })
    }
}

/// The file beside `tokenizer.json` that names the special tokens.
const COMPANION: &str = "tokenizer_config.json";

fn read_json(path: &Path) -> Result<serde_json::Value> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    serde_json::from_slice(&bytes).map_err(|e| Error::Invalid(format!("{} is not JSON: {e}", path.display())))
}
