//! The model card: front matter that the hub reads, and text for people.

use crate::{EmbedderMeta, Pretrained};
use mdfe_data::identity::Fingerprint;
use serde_json::Value;
use std::fmt::Write;

/// What the last line begins with: behind it stands the fingerprint of all lines before, by which an edited card is known.
const MARK: &str = "<!-- mdfe-card ";

/// What a card is made of.
pub(super) struct Card<'a> {
    /// The folder's name, for the repository's.
    pub(super) name: &'a str,
    pub(super) meta: &'a EmbedderMeta,
    pub(super) row: &'a Pretrained,
    /// Whether the backbone is inside.
    pub(super) standalone: bool,
}

/// Whether `text` is a card as [`Card::text`] gave it.
pub(super) fn is_own(text: &str) -> bool {
    let Some((body, mark)) = text.rsplit_once(MARK) else { return false };
    mark == ending(body)
}

fn ending(body: &str) -> String {
    format!("{} -->\n", Fingerprint::of(body.as_bytes()))
}

impl Card<'_> {
    /// The text, with its mark.
    pub(super) fn text(&self) -> String {
        let parts =
            [self.front_matter(), self.about(), self.usage(), self.model(), self.training(), self.license()];
        let body = parts.join("\n");
        let ending = ending(&body);
        format!("{body}{MARK}{ending}")
    }

    fn front_matter(&self) -> String {
        let license = self.row.license.as_ref().map(|license| format!("license: {license}\n"));
        format!(
            "---\nlibrary_name: mdfe\npipeline_tag: image-feature-extraction\n{}base_model: {}\ntags:\n- mdfe\n- image-retrieval\n\
             - image-embeddings\n---\n",
            license.unwrap_or_default(),
            self.row.repo,
        )
    }

    fn about(&self) -> String {
        let EmbedderMeta { backbone, feature_dim, embed_dim, .. } = self.meta;
        format!(
            "# {}\n\nImages to embeddings of {embed_dim} dimensions and unit length, for retrieval: the same product, landmark, garment or dish is \
             near. The {feature_dim} features of {} go through a projection that was trained with mdfe.\n",
            self.name, backbone.name
        )
    }

    fn usage(&self) -> String {
        let model = format!("hf-hub:ORG/{}", self.name);
        format!(
            "## Use\n\nWith the account that it lies in for `ORG`:\n\n```sh\nmdfe embed  --model {model} --input photos/ --output index.safetensors\n\
             mdfe search --model {model} --index index.safetensors --query one.jpg -k 5\n\
             mdfe train  --init {model} --data more-photos/ --backbone {}\n```\n\nThe folder itself can stand in place of \
             `{model}`. In a build with `--features full`, `mdfe export --model {model} --format onnx` (or `torchscript`) makes a file of it that \
             runs without mdfe.\n",
            self.meta.backbone.name
        )
    }

    fn model(&self) -> String {
        let EmbedderMeta { backbone, preprocess, projection, feature_dim, embed_dim, .. } = self.meta;
        let commit = backbone.commit.as_ref().map(|commit| format!(" at `{commit}`")).unwrap_or_default();
        let place = if self.standalone {
            "in `embedder.safetensors`"
        } else {
            "fetched from its repository when the embedder is used"
        };
        let tuned = self.meta.training.get("tuned_from").is_some_and(|from| !from.is_null());
        let tuned = if tuned { ", some of its tensors trained further" } else { "" };
        let output = if backbone.proj_layer { ", behind its own output projection" } else { "" };
        let [height, width] = preprocess.size;
        let text = |value: Value| value.as_str().unwrap_or_default().to_owned();
        let projection = text(serde_json::to_value(projection).unwrap_or_default());
        let [interpolation, crop] =
            [serde_json::to_value(preprocess.interpolation), serde_json::to_value(preprocess.crop_mode)]
                .map(|value| text(value.unwrap_or_default()));
        format!(
            "## Model\n\n| part | what |\n|---|---|\n| backbone | `{}`, {} ([{repo}](https://huggingface.co/{repo}){commit}){tuned}{output} |\n\
             | weights | {place}, fingerprint `{}` |\n| input | {width} x {height} pixels, {interpolation}, crop mode {crop} |\n\
             | projection | {projection}, {feature_dim} to {embed_dim} |\n",
            backbone.name,
            parameters(self.row),
            backbone.weights.short(),
            repo = self.row.repo,
        )
    }

    /// Data, scores and recipe, as far as the record has them.
    fn training(&self) -> String {
        let training = &self.meta.training;
        let mut out = String::from("## Data\n\n");
        let names =
            ["/data", "/experiment/data/train"].iter().find_map(|at| training.pointer(at)?.as_array());
        match names {
            Some(names) => {
                out += "Trained on:\n\n";
                for name in names.iter().filter_map(Value::as_str) {
                    // Writing to a String cannot fail.
                    let _ = writeln!(out, "- {name}");
                }
            }
            None => out += "The embedder's record does not name its data.\n",
        }
        out += "\n## Scores\n\n";
        match training.get("scores").and_then(Value::as_object) {
            Some(scores) => {
                out += "On the test sets of its run (their mean where there are \
                        several):\n\n| metric | score |\n|---|---:|\n";
                for (metric, score) in scores {
                    let score =
                        score.as_f64().map_or_else(|| "none".to_owned(), |score| format!("{score:.4}"));
                    let _ = writeln!(out, "| {metric} | {score} |");
                }
            }
            None => out += "This embedder was not scored.\n",
        }
        let recipe = training.get("recipe").or_else(|| training.get("experiment"));
        if let Some(recipe) = recipe.filter(|recipe| !recipe.is_null()) {
            let _ = write!(out, "\n## Training\n\n```json\n{recipe:#}\n```\n");
        }
        out
    }

    fn license(&self) -> String {
        let repo = &self.row.repo;
        let backbone = match &self.row.license {
            Some(license) => format!(
                "The backbone's weights are under `{license}`, as timm or {repo} states it; {repo} has the last word."
            ),
            None => format!("mdfe does not know the licence of the backbone's weights; {repo} states it."),
        };
        let inside = if self.standalone {
            "This repository holds copies of them, and the projection is made from what they compute."
        } else {
            "This repository holds the projection alone, which is made from what they compute."
        };
        format!(
            "## Licence\n\n{backbone} {inside} The data sets have terms of their own, which may go further.\n\n"
        )
    }
}

/// `428.2M parameters`.
fn parameters(row: &Pretrained) -> String {
    format!("{:.1}M parameters", row.parameters as f64 / 1e6)
}
