//! Text towers and tokenizers against OpenCLIP (`tests/reference/backbones/text.py` made the fixtures).
#![allow(clippy::unwrap_used)]

mod common;

use candle_core::Tensor;
use common::{Fixture, difference, reference};
use mdfe_model::{Hub, HubOptions, TextCleaning, TextConfig, TextPool, TextTokenizer, TextTower, Weights};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// Features have order 1 and two blocks of sums of 16 to 64 products: f32 rounding stays far below this.
const TOLERANCE: f32 = 2e-5;

const VARIANTS: [&str; 8] =
    ["clip", "clip_quick", "clipa", "eva", "siglip", "siglip2", "siglip_i18n", "worldwide"];

fn fixtures() -> PathBuf {
    reference("backbones/fixtures")
}

/// A fixture and its checkpoint, as published.
struct Text {
    config: TextConfig,
    tensors: HashMap<String, Tensor>,
    dir: tempfile::TempDir,
}

impl Text {
    fn open(name: &str) -> Self {
        let fixture = Fixture::open("backbones/fixtures", &format!("text_{name}"));
        let dir = tempfile::tempdir().unwrap();
        candle_core::safetensors::save(&fixture.weights(), dir.path().join("model.safetensors")).unwrap();
        Self { config: fixture.config, tensors: fixture.tensors, dir }
    }

    fn weights(&self) -> Weights {
        Weights::open_text(&[self.dir.path().join("model.safetensors")]).unwrap()
    }

    fn tower(&self) -> TextTower {
        TextTower::load(&self.config, &self.weights(), "tiny").unwrap()
    }

    fn tokens(&self) -> Vec<Vec<u32>> {
        self.tensors["in.tokens"].to_vec2().unwrap()
    }
}

#[test]
fn features_are_open_clips() {
    for name in VARIANTS {
        let fixture = Text::open(name);
        let features = fixture.tower().features(&fixture.tokens()).unwrap();
        let worst = difference(&features, &fixture.tensors["out.features"]);
        assert!(worst <= TOLERANCE, "{name}: {worst}");
    }
}

#[test]
fn a_batch_gives_what_single_sentences_give() {
    for name in VARIANTS {
        let fixture = Text::open(name);
        let (tower, tokens) = (fixture.tower(), fixture.tokens());
        let together = tower.features(&tokens).unwrap();
        for (i, sentence) in tokens.into_iter().enumerate() {
            let alone = tower.features(&[sentence]).unwrap();
            assert!(difference(&alone, &together.narrow(0, i, 1).unwrap()) <= TOLERANCE, "{name} {i}");
        }
    }
}

#[test]
fn a_causal_tower_does_not_see_the_padding() {
    let fixture = Text::open("clip");
    let (tower, mut tokens) = (fixture.tower(), fixture.tokens());
    let before = tower.features(&tokens[..1]).unwrap();
    tokens[0][3..].fill(9);
    assert_eq!(difference(&before, &tower.features(&tokens[..1]).unwrap()), 0.0);
}

#[test]
fn misfits_are_errors() {
    let mut fixture = Text::open("siglip");
    let tower = fixture.tower();
    let message = |tokens: Vec<u32>| tower.features(&[tokens]).unwrap_err().to_string();
    assert!(message(vec![1, 2]).contains("2 tokens"));
    assert!(message(vec![32; 8]).contains("32 is not below 32"));
    fixture.config.layers = 3;
    let message = TextTower::load(&fixture.config, &fixture.weights(), "tiny").err().unwrap().to_string();
    assert!(message.contains("resblocks.2") && message.contains("missing"), "{message}");
    fixture.config.layers = 1;
    let message = TextTower::load(&fixture.config, &fixture.weights(), "tiny").err().unwrap().to_string();
    assert!(message.contains("resblocks.1") && message.contains("text tower of tiny"), "{message}");
    let image = fixtures().join("siglip.safetensors");
    assert!(Weights::open_text(&[image]).err().unwrap().to_string().contains("image tower only"));
}

/// What of a tower's configuration matters to a tokenizer.
fn config(case: &serde_json::Value, tokenizer: Option<&str>) -> TextConfig {
    TextConfig {
        context_length: serde_json::from_value(case["context_length"].clone()).unwrap(),
        vocab_size: 49_408,
        clean: serde_json::from_value::<TextCleaning>(case["clean"].clone()).unwrap(),
        strip_sep: case["strip_sep"].as_bool().unwrap(),
        tokenizer: tokenizer.map(str::to_owned),
        pool: TextPool::Last,
        ..Text::open("clip").config
    }
}

fn hub() -> Hub {
    Hub::new(HubOptions { offline: true, ..HubOptions::default() })
}

#[test]
fn tokens_are_open_clips() {
    let folder = fixtures().join("text_tokens");
    let expected: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let sentences: Vec<String> = serde_json::from_value(expected["sentences"].clone()).unwrap();
    for name in ["clip", "t5", "bert"] {
        let case = &expected[name];
        let file = folder.join(name).join("tokenizer.json");
        let (repo, file) = if name == "clip" { (None, None) } else { (Some("some/repo"), Some(&*file)) };
        let tokenizer = TextTokenizer::open(&config(case, repo), file, &hub()).unwrap();
        let tokens: Vec<Vec<u32>> = serde_json::from_value(case["tokens"].clone()).unwrap();
        for (sentence, tokens) in sentences.iter().zip(tokens) {
            assert_eq!(tokenizer.encode(sentence).unwrap(), tokens, "{name}: {sentence:?}");
        }
    }
}

#[test]
fn tokenizers_that_do_not_fit_are_errors() {
    let folder = fixtures().join("text_tokens");
    let case = serde_json::json!({ "clean": "lower", "strip_sep": false, "context_length": 16 });
    let open = |file: Option<&Path>| TextTokenizer::open(&config(&case, Some("some/repo")), file, &hub());
    let message = |file: Option<&Path>| open(file).err().unwrap().to_string();
    assert!(message(Some(Path::new("no.json"))).contains("no.json does not exist"));
    assert!(message(Some(&folder.join("expected.json"))).contains("is not a tokenizer.json"));
    assert!(message(None).contains("some/repo"), "offline: {}", message(None));
    // Without its companion the file does not say how to pad.
    let dir = tempfile::tempdir().unwrap();
    let alone = dir.path().join("tokenizer.json");
    std::fs::copy(folder.join("t5/tokenizer.json"), &alone).unwrap();
    assert!(message(Some(&alone)).contains("tokenizer_config.json"), "{}", message(Some(&alone)));
    // A tokenizer of another model.
    let small = TextConfig { vocab_size: 5, ..config(&case, Some("some/repo")) };
    let tokenizer = TextTokenizer::open(&small, Some(&folder.join("t5/tokenizer.json")), &hub()).unwrap();
    assert!(tokenizer.encode("hello").unwrap_err().to_string().contains("knows 5 tokens"));
}
