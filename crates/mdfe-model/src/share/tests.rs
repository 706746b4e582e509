use super::*;
use crate::{EmbedderMeta, Projection};
use mdfe_data::{PreprocessRecord, identity::Fingerprint, store::BackboneId};
use std::collections::BTreeMap;

fn example(backbone: &str) -> EmbedderFile {
    let projection = Projection::linear(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![7.0, 8.0]).unwrap();
    let backbone = BackboneId {
        name: backbone.to_owned(),
        architecture: Fingerprint::of(b"architecture"),
        weights: Fingerprint::of(b"weights"),
        commit: Some("1111111111111111111111111111111111111111".to_owned()),
        proj_layer: false,
    };
    let training = serde_json::json!({
        "data": ["met_art", "food101"], "recipe": { "loss": "ArcFace" },
        "scores": { "mMP@5": 0.512345, "R@1": 0.75, "mAP@5": null }
    });
    let meta = EmbedderMeta::new(backbone, PreprocessRecord::plain([24, 32]), &projection, training);
    EmbedderFile { meta, projection, standalone: None }
}

/// Writes it without the backbone inside.
fn share(dir: &Path, file: &EmbedderFile) -> Result<()> {
    HubFolder::claim(dir)?.write(file, false, |path| file.save(path, &[]))
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    entries.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn folder_says_what_the_embedder_is_and_opens_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("art-and-food");
    let file = example("vit_base_patch16_clip_224.metaclip_400m");
    share(&dir, &file).unwrap();
    assert_eq!(Vec::from_iter(files(&dir).into_keys()), ["README.md", "config.json", "embedder.safetensors"]);
    assert_eq!(EmbedderFile::open(&dir).unwrap(), file);
    let card = std::fs::read_to_string(dir.join(CARD)).unwrap();
    for part in [
        "license: cc-by-nc-4.0\n",
        "base_model: timm/vit_base_patch16_clip_224.metaclip_400m\n",
        "# art-and-food\n",
        "embeddings of 2 dimensions",
        "--model hf-hub:ORG/art-and-food --input",
        "at `1111111111111111111111111111111111111111`",
        "fetched from its repository",
        "| input | 32 x 24 pixels, bicubic, crop mode center |",
        "| projection | linear, 3 to 2 |",
        "- met_art\n- food101\n",
        "| mMP@5 | 0.5123 |",
        "| mAP@5 | none |",
        "\"loss\": \"ArcFace\"",
        "are under `cc-by-nc-4.0`",
    ] {
        assert!(card.contains(part), "{part} is not in\n{card}");
    }
    let config: serde_json::Value =
        serde_json::from_slice(&std::fs::read(dir.join(CONFIG)).unwrap()).unwrap();
    assert_eq!(config["format"], "mdfe-hub-1");
    assert_eq!(config["embedder_format"], EmbedderMeta::FORMAT);
    assert_eq!(config["backbone_license"], "cc-by-nc-4.0");
    assert_eq!(config["training"]["scores"]["mMP@5"], 0.512345, "nothing is rounded but on the card");
    // The same again is the same, and another embedder may take its place.
    let first = files(&dir);
    share(&dir, &file).unwrap();
    assert_eq!(files(&dir), first);
    share(&dir, &example("ViT-B-16/dfn2b")).unwrap();
    let card = std::fs::read_to_string(dir.join(CARD)).unwrap();
    assert!(card.contains("does not know the licence") && !card.contains("license:"), "{card}");
}

#[test]
fn foreign_folders_and_edited_cards_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let file = example("tf_efficientnet_lite0");
    let refused = |dir: &Path, says: &str| {
        let before = files(dir);
        let said = share(dir, &file).unwrap_err().to_string();
        assert!(said.contains(says), "{said}");
        assert_eq!(files(dir), before);
    };
    let at = |name: &str| dir.path().join(name);
    for (folder, name, text) in [
        ("foreign", "thesis.tex", "years"),
        ("run", "embedder.safetensors", "trained"),
        ("other", "config.json", "{\"format\": \"else\"}"),
        ("model", "config.json", "{\"architectures\": []}"),
    ] {
        std::fs::create_dir(at(folder)).unwrap();
        std::fs::write(at(folder).join(name), text).unwrap();
        refused(&at(folder), name);
    }
    // A clone of an empty repository holds nothing.
    std::fs::create_dir(at("clone")).unwrap();
    std::fs::write(at("clone").join(".gitattributes"), "*.safetensors filter=lfs").unwrap();
    share(&at("clone"), &file).unwrap();
    let card = at("clone").join(CARD);
    let text = std::fs::read_to_string(&card).unwrap();
    std::fs::write(&card, text.replace("## Data", "## Our data")).unwrap();
    refused(&at("clone"), "was edited");
    std::fs::write(&card, format!("{text}\nand more")).unwrap();
    refused(&at("clone"), "was edited");
    // Killed before the card was written.
    std::fs::remove_file(&card).unwrap();
    share(&at("clone"), &file).unwrap();
    assert_eq!(std::fs::read_to_string(&card).unwrap(), text);
    refused_file(&at("clone").join(CARD), &file);
}

/// A file is no folder.
fn refused_file(path: &Path, file: &EmbedderFile) {
    let before = std::fs::read(path).unwrap();
    assert!(share(path, file).unwrap_err().to_string().contains("README.md"));
    assert_eq!(std::fs::read(path).unwrap(), before);
}
