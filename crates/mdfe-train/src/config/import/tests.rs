use super::*;
use crate::{OptimizerKind, ProjectionKind, ScheduleKind, Warmup};
use mdfe_loss::{AdaCos, AdaFace, ArcFace, DynamicMargin, LossOptions};
use serde_json::{Value, json};

fn import(tree: Value) -> ImportedConfig {
    import_python_config(&tree, "their.yaml").unwrap()
}

fn experiment(tree: Value) -> Experiment {
    let toml = import(tree).toml;
    Experiment::parse(&toml, "their.toml", &[]).unwrap()
}

fn refused(tree: Value) -> String {
    let message = import_python_config(&tree, "their.yaml").unwrap_err().to_string();
    assert!(message.starts_with("their.yaml: ") && !message.contains('\n'), "{message}");
    message
}

/// Why a key was left.
fn reason<'a>(imported: &'a ImportedConfig, key: &str) -> &'a str {
    imported.left.iter().find(|left| left.key == key).map_or("", |left| &left.reason)
}

#[test]
fn what_a_file_does_not_give_has_the_python_codes_defaults() {
    let e = experiment(json!({ "TRAIN": { "epochs": 3 } }));
    let r = &e.recipe;
    assert_eq!(r.loss.options, LossOptions::ArcFace(ArcFace { scale: 30.0, margin: 0.5 }));
    assert_eq!((r.loss.sub_centers, r.optimizer.lr, r.schedule.min_lr), (1, 2e-3, Some(1e-3)));
    assert_eq!((r.train.epochs, r.train.seed, r.train.batch), (3, 42, 128));
    assert_eq!(
        (e.data.train[0].key.as_str(), e.backbone.name.as_str()),
        ("m4d_35k", "vit_so400m_patch14_siglip_384.webli")
    );
}

#[test]
fn keys_are_read_in_any_case_and_texts_as_python_reads_them() {
    let e = experiment(json!({
        "optimizer": { "LR": "2e-2", "Weight_Decay": "0" },
        "Scheduler": { "name": "None", "warmup": null },
        "MODEL": { "NECK": { "type": "pooling" }, "HEAD": { "k": "3" } },
        "DATASET": { "names": ["spo", "m4d-35k"] },
    }));
    assert_eq!((e.recipe.optimizer.lr, e.recipe.optimizer.weight_decay), (2e-2, 0.0));
    assert_eq!((e.recipe.schedule.name, e.recipe.schedule.warmup), (ScheduleKind::None, Warmup::None));
    assert_eq!((e.recipe.projection.kind, e.recipe.projection.dropout), (ProjectionKind::AvgPool, 0.0));
    let sets: Vec<&str> = e.data.train.iter().map(|set| set.key.as_str()).collect();
    assert_eq!((sets, e.recipe.loss.sub_centers), (vec!["sop", "m4d_35k"], 3));
}

#[test]
fn each_head_takes_its_own_numbers_and_leaves_the_others() {
    let head = |name: &str| {
        let head = json!({ "name": name, "k": 3, "s": 20.0, "m": 0.3, "m_max": 0.6, "m_min": 0.1, "h": 0.5, "t_alpha": 0.25, "dynamic_s": false });
        import(json!({ "MODEL": { "HEAD": head } }))
    };
    let loss = |name: &str| Experiment::parse(&head(name).toml, "x", &[]).unwrap().recipe.loss;
    assert_eq!(loss("ArcFace").options, LossOptions::ArcFace(ArcFace { scale: 20.0, margin: 0.3 }));
    let dynamic = DynamicMargin { scale: 20.0, max_margin: 0.6, min_margin: 0.1, margins: None };
    assert_eq!(loss("DynM-ArcFace").options, LossOptions::DynamicMargin(dynamic));
    let ada = AdaFace { scale: 20.0, margin: 0.3, concentration: 0.5, momentum: 0.75 };
    assert_eq!(loss("AdaFace").options, LossOptions::AdaFace(ada));
    assert_eq!(loss("AdaCos").options, LossOptions::AdaCos(AdaCos { dynamic: false, scale: None }));
    for name in HEADS_TO_TRY {
        let arc = name.ends_with("ArcFace") && name != "LiArcFace";
        assert_eq!(loss(name).sub_centers, if arc { 3 } else { 1 }, "{name}");
        assert_eq!(reason(&head(name), "MODEL.HEAD.k").contains("one center"), !arc, "{name}");
    }
    assert_eq!(reason(&head("ArcFace"), "MODEL.HEAD.m_max"), "ArcFace does not use it");
    assert_eq!(reason(&head("ArcFace"), "MODEL.HEAD.m"), "");
    assert!(
        head("AdaCos").toml.contains("\n# Not carried over: MODEL.HEAD.s = 20.0: AdaCos does not use it\n")
    );
}

const HEADS_TO_TRY: [&str; 6] =
    ["ArcFace", "DynM-ArcFace", "AdaCos", "LiArcFace", "CurricularFace", "AdaFace"];

#[test]
fn lengths_are_epochs_or_steps_as_the_python_code_means_them() {
    let recipe = |tree: Value| experiment(tree).recipe;
    let few = recipe(json!({ "SCHEDULER": { "warmup_steps": 2, "warmup": "exponential" } })).schedule;
    assert_eq!((few.warmup, few.warmup_epochs, few.warmup_steps), (Warmup::Exponential, 2.0, None));
    assert_eq!(recipe(json!({ "SCHEDULER": { "warmup_steps": 500 } })).schedule.warmup_steps, Some(500));
    let images = json!({ "SCHEDULER": { "warmup_steps": 500, "seen_img_warmup": 6400 }, "DATALOADER": { "batch_size": 64 } });
    assert_eq!(recipe(images).schedule.warmup_steps, Some(100));
    let steps = json!({ "TRAIN": { "epoch_based": false, "iterations": 1234, "epochs": 5 } });
    assert_eq!(recipe(steps.clone()).train.steps, Some(1234));
    assert!(reason(&import(steps), "TRAIN.epochs").contains("TRAIN.iterations"));
    let saved = recipe(json!({ "TRAIN": { "save_epoch": [2, 4, 6] } })).train;
    assert_eq!((saved.checkpoint_every, saved.keep), (2, 3));
    let uneven = import(json!({ "TRAIN": { "save_epoch": [1, 5] } }));
    assert!(reason(&uneven, "TRAIN.save_epoch").contains("evenly"));
}

#[test]
fn backbones_have_their_full_names_and_unknown_ones_are_said() {
    let backbone = |backbone: Value| json!({ "MODEL": { "BACKBONE": backbone } });
    let clip = json!({ "type": "clip", "model_name": "ViT-H-14", "weights": "laion2b_s32b_b79k", "proj_layer": true, "output_dim": 1024 });
    let e = experiment(backbone(clip.clone()));
    assert_eq!((e.backbone.name.as_str(), e.backbone.proj_layer), ("ViT-H-14/laion2b_s32b_b79k", true));
    assert_eq!(import(backbone(clip)).left, []);
    let odd = json!({ "type": "siglip", "model_name": "vit_nobody", "weights": "x", "output_dim": 7, "freeze_backbone": false });
    let odd = import(backbone(odd));
    assert!(odd.toml.contains("name = \"vit_nobody\""));
    assert!(reason(&odd, "MODEL.BACKBONE.model_name").contains("vit_nobody"));
    for key in ["weights", "output_dim", "freeze_backbone"] {
        assert_ne!(reason(&odd, &format!("MODEL.BACKBONE.{key}")), "", "{key}");
    }
    let sized = |size: u32| experiment(json!({ "TRANSFORM": { "size": size, "name": "eva-clip" } }));
    assert_eq!((sized(384).backbone.image_size, sized(512).backbone.image_size), (None, Some(512)));
    assert_eq!(sized(384).transform.name, mdfe_data::TransformKind::OpenClip);
}

#[test]
fn every_optimizer_schedule_and_warmup_of_ours_is_known_by_theirs() {
    for kind in OptimizerKind::ALL {
        let e = experiment(json!({ "OPTIMIZER": { "name": kind.name() } }));
        assert_eq!(e.recipe.optimizer.name, *kind);
    }
    let momentum = |name: &str| import(json!({ "OPTIMIZER": { "name": name, "momentum": 0.5 } }));
    assert!(momentum("SGD").toml.contains("momentum = 0.5") && momentum("SGD").left.is_empty());
    assert_eq!(reason(&momentum("Adam"), "OPTIMIZER.momentum"), "Adam does not use it");
}

#[test]
fn a_value_or_name_that_does_not_fit_is_one_sentence_that_names_the_key() {
    for (tree, part) in [
        (
            json!({ "MODEL": { "HEAD": { "name": "SphereFace" } } }),
            "`MODEL.HEAD.name` is \"SphereFace\"; known are ArcFace, ",
        ),
        (
            json!({ "MODEL": { "HEAD": { "k": "three" } } }),
            "`MODEL.HEAD.k` is \"three\"; it takes a whole number",
        ),
        (json!({ "OPTIMIZER": { "name": "Lion" } }), "`OPTIMIZER.name`"),
        (json!({ "OPTIMIZER": { "lr": [1] } }), "`OPTIMIZER.lr` is [1]; it takes a number"),
        (json!({ "SCHEDULER": { "name": "step" } }), "known are none, cosine"),
        (json!({ "SCHEDULER": { "min_lr": 1.0 } }), "`schedule.min_lr` is 1, above `optimizer.lr`"),
        (json!({ "DATASET": { "names": ["sopp"] } }), "`DATASET.names`: "),
        (json!({ "DATASET": { "names": 3 } }), "a list of texts"),
        (json!({ "TRANSFORM": { "name": "crop" } }), "known are eval, openai-clip"),
        (json!({ "TRAIN": { "epoch_based": false } }), "`train.steps` is 0"),
        (json!({ "TRAIN": { "save_epoch": [2, 1] } }), "rising"),
        (json!({ "LOSS": { "name": "MSELoss" } }), "CrossEntropyLoss"),
        (json!({ "SEED": 1, "seed": 2 }), "`SEED` and `seed` are the same key"),
        (json!({ "train": 3, "learning_rate": 0.1 }), "holds no key"),
        (json!([1, 2]), "holds no key"),
        (Value::Null, "holds no key"),
    ] {
        let message = refused(tree);
        assert!(message.contains(part), "{message}");
    }
    let imported = import(
        json!({ "SEED": 1, "TRAIN": { "amp": true, "device": "cuda:0" }, "GOOGLE_DRIVE": { "scope": ["x"] } }),
    );
    let left: Vec<&str> = imported.left.iter().map(|left| left.key.as_str()).collect();
    assert_eq!(left, ["TRAIN.amp", "TRAIN.device", "GOOGLE_DRIVE.scope"]);
    assert_eq!(imported.left[0].reason, "the Python code has no such key");
}
