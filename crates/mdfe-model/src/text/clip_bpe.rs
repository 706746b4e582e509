//! CLIP's byte-pair encoding, built in: 49,152 pieces and two marks.
//!
//! The merges are those of OpenAI CLIP's `bpe_simple_vocab_16e6.txt.gz` (MIT licence, `clip_merges.LICENSE`) that CLIP uses, read as
//! OpenCLIP's `SimpleTokenizer` does (open_clip `tokenizer.py`).

use crate::{Error, Result};
use std::io::Read;
use tokenizers::Tokenizer;

/// Number of the mark before a sentence.
pub(super) const START: u32 = 49_406;
/// Number of the mark behind a sentence.
pub(super) const END: u32 = 49_407;

/// Contractions, words, single digits, and runs of everything else but white space.
const PIECES: &str = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// The tokenizer without marks, padding and truncation.
pub(super) fn tokenizer() -> Result<Tokenizer> {
    let broken = |e: String| Error::Invalid(format!("CLIP's built-in merges cannot be read: {e}"));
    let mut text = String::new();
    let packed = &include_bytes!("clip_merges.txt.gz")[..];
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).map_err(|e| broken(e.to_string()))?;
    let merges: Vec<[&str; 2]> = text
        .lines()
        .skip(1)
        .map(|line| line.split_once(' ').map(|(a, b)| [a, b]).ok_or_else(|| broken(format!("`{line}`"))))
        .collect::<Result<_>>()?;
    let letters = letters();
    let ends = letters.iter().map(|c| format!("{c}</w>"));
    let names =
        letters.iter().map(char::to_string).chain(ends).chain(merges.iter().map(|pair| pair.concat()));
    let vocab: serde_json::Map<String, serde_json::Value> =
        names.zip(0..).map(|(name, id): (String, u32)| (name, id.into())).collect();
    let json = serde_json::json!({
        "version": "1.0", "added_tokens": [], "normalizer": null, "post_processor": null, "decoder": null,
        "pre_tokenizer": { "type": "Sequence", "pretokenizers": [
            { "type": "Split", "pattern": { "Regex": PIECES }, "behavior": "Removed", "invert": true },
            { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false },
        ] },
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": "",
            "end_of_word_suffix": "</w>", "fuse_unk": false, "vocab": vocab, "merges": merges,
        },
    });
    Tokenizer::from_bytes(json.to_string()).map_err(|e| broken(e.to_string()))
}

/// The letter that stands for each byte, printable ones for themselves, in the order of the vocabulary.
fn letters() -> Vec<char> {
    let own = |byte: &u32| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let printable = (0..256).filter(own);
    let others = (0..256).filter(|byte| !own(byte)).zip(256..).map(|(_, stand_in)| stand_in);
    printable.chain(others).filter_map(char::from_u32).collect()
}
