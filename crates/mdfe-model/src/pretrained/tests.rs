use super::{table::rows, *};
use crate::{Activation, Architecture};
use mdfe_data::{CropMode, Interpolation};
use std::collections::HashSet;

fn count(family: Family) -> usize {
    list(&Filter { family: Some(family), ..Filter::default() }).len()
}

#[test]
fn every_family_has_the_rows_that_the_packages_list() {
    // Counted by `tests/reference/pretrained/table.py` with timm 1.0.31 and OpenCLIP 3.3.0.
    let expected = [133, 12, 7, 34, 44, 101, 8, 3, 1];
    assert_eq!(Family::ALL.map(count), expected);
    assert_eq!(list(&Filter::default()).len(), expected.iter().sum::<usize>());
}

#[test]
fn siglip_so400m_is_the_published_recipes_backbone() {
    let row = pretrained("vit_so400m_patch14_siglip_384").unwrap();
    assert_eq!(row.full_name(), "vit_so400m_patch14_siglip_384.webli");
    assert_eq!((row.feature_dim, row.projected_dim, row.parameters), (1152, None, 428_225_600));
    assert_eq!(row.repo, "timm/vit_so400m_patch14_siglip_384.webli");
    assert_eq!(row.files()[0], "model.safetensors");
    assert_eq!(row.preprocess.size, [384, 384]);
    assert_eq!((row.preprocess.mean, row.preprocess.std), ([0.5; 3], [0.5; 3]));
    assert_eq!(row.preprocess.interpolation, Interpolation::Bicubic);
}

#[test]
fn licences_are_those_that_timm_and_the_repositories_state() {
    let license = |name: &str| pretrained(name).unwrap().license.clone();
    for (name, expected) in [
        ("vit_so400m_patch14_siglip_384", Some("apache-2.0")),
        ("vit_base_patch16_clip_224.metaclip_400m", Some("cc-by-nc-4.0")),
        ("eva02_base_patch14_224", Some("mit")),
        ("ViT-H-14/laion2b_s32b_b79k", Some("mit")),
        ("ViT-B-16-SigLIP/webli", Some("apache-2.0")),
        ("ViT-H-14/metaclip_fullcc", Some("cc-by-nc-4.0")),
        ("ViT-B-16/dfn2b", None),
    ] {
        assert_eq!(license(name).as_deref(), expected, "{name}");
    }
    // The same weights have the same licence, whichever package's name leads to them.
    for row in rows() {
        let same = rows().iter().find(|other| other.repo == row.repo).unwrap();
        assert_eq!(same.license, row.license, "{}", row.repo);
    }
}

#[test]
fn open_clip_names_lead_to_the_hub_and_keep_their_projection_apart() {
    let row = pretrained("ViT-H-14/laion2b_s32b_b79k").unwrap();
    assert_eq!((row.family, row.source), (Family::Clip, Source::OpenClip));
    assert_eq!((row.feature_dim, row.projected_dim), (1280, Some(1024)));
    // ViT-H/14's image tower has 632.1M parameters (OpenCLIP's model profile), 1280 x 1024 of them the projection.
    assert_eq!(row.projected_parameters, Some(632_076_800));
    assert_eq!(row.parameters, 632_076_800 - 1280 * 1024);
    assert_eq!(row.repo, "laion/CLIP-ViT-H-14-laion2B-s32B-b79K");
    assert_eq!(row.files()[0], "open_clip_model.safetensors");
}

#[test]
fn text_towers_are_those_of_the_weights() {
    let text = |name: &str| pretrained(name).unwrap().text.clone();
    // The same architecture under the same name, trained with two activations.
    let activation = |name: &str| text(name).unwrap().activation;
    assert_eq!(activation("ViT-B-32/openai"), Activation::QuickGelu);
    assert_eq!(activation("ViT-B-32/laion2b_s34b_b79k"), Activation::Gelu);
    assert_eq!(activation("ViT-B-16-SigLIP2/webli"), Activation::GeluTanh);
    for row in rows() {
        let Some(text) = &row.text else {
            // Image towers of timm, and OpenCLIP's with a language model of Hugging Face behind them.
            let language = ["roberta", "mt5", "nllb"].iter().any(|part| row.name.contains(part));
            assert!(row.source == Source::Timm || language, "{}", row.full_name());
            continue;
        };
        assert_eq!(text.embed_dim, row.projected_dim.unwrap_or(row.feature_dim), "{}", row.full_name());
        assert_eq!(text.width % text.heads, 0);
    }
    let siglip = text("ViT-SO400M-14-SigLIP-384/webli").unwrap();
    assert_eq!((siglip.width, siglip.layers, siglip.mlp_dim, siglip.context_length), (1152, 27, 4304, 64));
    assert_eq!(siglip.tokenizer.as_deref(), Some("timm/ViT-B-16-SigLIP"));
}

#[test]
fn the_rows_that_users_ask_for_are_there() {
    for name in [
        "ViT-B-32/openai",
        "ViT-bigG-14/laion2b_s39b_b160k",
        "ViT-bigG-14-quickgelu/metaclip_fullcc",
        "ViT-bigG-14-CLIPA-336/datacomp1b",
        "EVA02-E-14-plus/laion2b_s9b_b144k",
        "eva02_large_patch14_clip_336",
        "vit_giant_patch14_reg4_dinov2.lvd142m",
        "vit_small_patch14_dinov2",
        "samvit_huge_patch16",
        "convnext_xxlarge/laion2b_s34b_b82k_augreg",
        "convnext_large_d_320/laion2b_s29b_b131k_ft_soup",
        "ViT-gopt-16-SigLIP2-384/webli",
        "vit_base_patch16_siglip_224.v2_webli",
        "tf_efficientnet_lite0",
    ] {
        assert!(pretrained(name).is_ok(), "{name}");
    }
}

#[test]
fn a_bare_timm_name_means_timms_default_tag() {
    assert_eq!(pretrained("vit_base_patch16_siglip_224").unwrap().tag, "v2_webli");
    assert_eq!(pretrained("eva02_base_patch14_448").unwrap().tag, "mim_in22k_ft_in22k_in1k");
}

#[test]
fn clipa_squashes_and_is_bilinear() {
    let record = &pretrained("ViT-L-14-CLIPA-336/datacomp1b").unwrap().preprocess;
    assert_eq!((record.crop_mode, record.interpolation), (CropMode::Squash, Interpolation::Bilinear));
}

#[test]
fn weights_that_quick_gelu_trained_run_with_it_under_either_name() {
    for name in ["ViT-L-14/openai", "ViT-L-14-quickgelu/openai"] {
        assert_eq!(pretrained(name).unwrap().tower["activation"], "quick_gelu", "{name}");
    }
    assert_eq!(pretrained("ViT-L-14/laion2b_s32b_b82k").unwrap().tower["activation"], "gelu");
}

#[test]
fn an_unknown_name_lists_the_nearest() {
    let message = pretrained("vit_so400m_patch14_siglip_385").unwrap_err().to_string();
    assert!(message.contains("`vit_so400m_patch14_siglip_384.webli`"), "{message}");
    let message = pretrained("ViT-H-14").unwrap_err().to_string();
    assert!(message.contains("`ViT-H-14/laion2b_s32b_b79k`") && message.contains("dfn5b"), "{message}");
}

#[test]
fn filters_narrow_the_list() {
    let names = |filter: Filter| -> Vec<&str> { list(&filter).iter().map(|row| row.name.as_str()).collect() };
    // SigLIP's giants are 1,536 wide, the next below them 1,152; MetaCLIP's bigG has 1,664, its H 1,280.
    let wide = names(Filter { min_dim: 1153, family: Some(Family::SigLip), ..Filter::default() });
    assert!(!wide.is_empty() && wide.iter().all(|name| name.contains("giantopt") || name.contains("gopt")));
    let narrow = Filter { max_dim: Some(1663), family: Some(Family::MetaClip), ..Filter::default() };
    let narrow = names(narrow);
    assert!(
        narrow.contains(&"ViT-H-14-quickgelu")
            && !narrow.iter().any(|name| name.contains("bigG") || name.contains("gigantic"))
    );
    // The demo's backbone has 3.4M parameters, the next larger EVA02's tiny one 5.5M.
    let small = Filter { max_parameters: Some(5_000_000), ..Filter::default() };
    assert_eq!(names(small), ["tf_efficientnet_lite0"]);
    let sized = names(Filter { size: Some(518), name: Some("REG4".to_owned()), ..Filter::default() });
    assert_eq!(sized.len(), 4);
    assert!(sized.iter().all(|name| name.contains("reg4_dinov2")));
    let text = Filter { text: true, ..Filter::default() };
    assert!(list(&text).iter().all(|row| row.text.is_some()) && list(&text).len() < 146);
}

#[test]
fn every_row_is_an_architecture_with_as_many_parameters_as_the_packages_count() {
    let mut seen = HashSet::new();
    let mut kinds = HashSet::new();
    // Rows that share a tower share its counts.
    for row in list(&Filter::default()).into_iter().filter(|row| seen.insert(row.tower.to_string())) {
        let architecture = row.architecture().unwrap();
        kinds.insert(std::mem::discriminant(&architecture));
        let name = row.full_name();
        assert_eq!(architecture.feature_dim(false), row.feature_dim, "{name}");
        assert_eq!(architecture.parameter_count(false).unwrap() as u64, row.parameters, "{name}");
        if let (Some(dim), Some(parameters)) = (row.projected_dim, row.projected_parameters) {
            assert_eq!(architecture.feature_dim(true), dim, "{name}");
            assert_eq!(architecture.parameter_count(true).unwrap() as u64, parameters, "{name}");
        }
    }
    assert_eq!(kinds.len(), Architecture::KINDS, "a kind of architecture has no row in the table");
}
