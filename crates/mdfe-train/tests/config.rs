//! Experiments: strict keys, inheritance, overrides.
// Helpers of tests may fail as loudly as tests.
#![allow(clippy::unwrap_used, clippy::panic)]

use mdfe_loss::{ArcFace, LossOptions};
use mdfe_train::{
    Error, Experiment, OptimizerKind, Recipe, Schedule, ScheduleKind, Warmup, config_keys, sweep::SweepFile,
};
use std::path::{Path, PathBuf};

fn parse(text: &str, overrides: &[&str]) -> Result<Experiment, String> {
    let overrides: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
    Experiment::parse(text, "x.toml", &overrides).map_err(|e| e.to_string())
}

fn config(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../configs").join(name)
}

#[test]
fn every_config_of_the_repository_parses_and_resolves_to_itself() {
    let mut files = 0;
    for entry in std::fs::read_dir(config("")).unwrap() {
        let path = entry.unwrap().path();
        let experiment = match SweepFile::read(&path).unwrap() {
            Some(sweep) => sweep.resolve(&[]).unwrap(),
            None => Experiment::load(&path, &[]).unwrap(),
        };
        let resolved = experiment.resolved().unwrap();
        assert_eq!(Experiment::parse(&resolved, "resolved.toml", &[]).unwrap(), experiment, "{resolved}");
        files += 1;
    }
    assert!(files >= 2);
}

#[test]
fn published_recipe_holds_the_published_numbers() {
    let e = Experiment::load(&config("siglip-so400m_arcface-k3_m4d35k.toml"), &[]).unwrap();
    let r = &e.recipe;
    assert_eq!(r.loss.options, LossOptions::ArcFace(ArcFace { scale: 30.0, margin: 0.5 }));
    assert_eq!((r.loss.sub_centers, r.projection.embed_dim, r.projection.dropout), (3, 64, 0.2));
    assert_eq!(
        (r.optimizer.name, r.optimizer.lr, r.optimizer.weight_decay),
        (OptimizerKind::Adam, 2e-2, 1e-4)
    );
    assert_eq!((r.train.epochs, r.train.batch), (10, 128));
    assert_eq!(r.schedule, Schedule { min_lr: Some(1e-3), warmup: Warmup::Linear, ..Schedule::default() });
    assert_eq!((r.schedule.name, r.schedule.warmup_epochs), (ScheduleKind::Cosine, 1.0));
    assert_eq!(r.schedule.lowest(r.optimizer.lr), Schedule::default().lowest(2e-2));
    assert_eq!(
        (e.backbone.name.as_str(), e.backbone.image_size),
        ("vit_so400m_patch14_siglip_384.webli", None)
    );
    assert_eq!((e.transform.name, e.backbone.proj_layer), (mdfe_data::TransformKind::OpenAiClip, false));
    assert_eq!(e.name, "siglip-so400m_arcface-k3_m4d35k");
}

#[test]
fn unknown_key_names_file_key_and_nearest() {
    for (text, nearest) in [
        ("[optimizer]\nlearning = 1\nlr_ = 1", "optimizer.lr"),
        ("[optimzer]\nlr = 1", "optimizer"),
        ("[train]\nepoch = 3", "train.epochs"),
        ("[[data.train]]\nkey = 'csv'\nmin_sample = 3", "data.train.min_samples"),
        ("[data.train2]\nx = 1", "data.train"),
        ("lr = 3", "optimizer.lr"),
    ] {
        let message = parse(text, &[]).unwrap_err();
        assert!(message.starts_with("x.toml: unknown key `"), "{message}");
        if !text.contains("learning") {
            assert!(message.contains(&format!("is `{nearest}`")), "{message}");
        }
    }
}

#[test]
fn wrong_type_or_range_is_one_sentence_that_names_the_key() {
    for (text, key) in [
        ("[optimizer]\nlr = 'fast'", "optimizer.lr"),
        ("[optimizer]\nlr = nan", "optimizer.lr"),
        ("[optimizer]\nlr = -1", "optimizer.lr"),
        ("[optimizer]\nbetas = [0.9, 1.0]", "optimizer.betas"),
        ("[optimizer]\nname = 'Adamm'", "optimizer.name"),
        ("[train]\nbatch = 0", "train.batch"),
        ("[train]\nbatch = 1.5", "train.batch"),
        ("[projection]\ndropout = 1.0", "projection.dropout"),
        ("[loss]\nname = 'ArcFace'\nmargin = 30", "loss.margin"),
        ("[loss]\nname = 'ArcFace'\nsub_centers = 0", "loss.sub_centers"),
        ("[loss]\nname = 'DynM-ArcFace'\nmin_margin = 0.4\nmax_margin = 0.3", "min_margin"),
        ("[loss]\nname = 'AdaCos'\nmargin = 0.3", "margin"),
        ("optimizer = 3", "optimizer"),
        ("[data]\ntrain = 3", "data.train"),
        ("[[data.train]]\nfile = 'x'", "data.train.key"),
        ("[schedule]\nmin_lr = 5.0", "schedule.min_lr"),
        ("[backbone]\nproj_layer = 'yes'", "backbone.proj_layer"),
        ("[schedule]\nname = 'step'", "schedule.name"),
        ("[backbone]\ndtype = 'f64'", "backbone.dtype"),
        ("[transform]\nname = 'crop'", "transform.name"),
        ("[[data.eval]]\nquery = { key = 'csv' }\nindex = { file = 'x' }", "data.eval.index.key"),
        ("[loss]\nname = 'DynamicMargin'\nmargins = 'wide'", "[loss]"),
        ("a = = 3", "line 1"),
    ] {
        let message = parse(text, &[]).unwrap_err();
        assert!(message.contains(key) && !message.contains('\n'), "{text}: {message}");
    }
}

#[test]
fn overrides_are_typed_by_the_schema() {
    let e = parse(
        "",
        &[
            "optimizer.lr=2e-2",
            "train.epochs=3",
            "optimizer.betas=0.8,0.9",
            "backbone.name=3",
            "backbone.proj_layer=true",
        ],
    );
    let e = e.unwrap();
    assert_eq!(
        (e.recipe.optimizer.lr, e.recipe.train.epochs, e.recipe.optimizer.betas),
        (2e-2, 3, [0.8, 0.9])
    );
    assert_eq!((e.backbone.name.as_str(), e.backbone.proj_layer), ("3", true));
    for (text, part) in [
        ("train.epochs=three", "`train.epochs` is \"three\"; it takes a whole number"),
        ("train.epoch=3", "the nearest valid one is `train.epochs`"),
        ("train.epochs", "key=value"),
        ("data.train.file=x", "in a list"),
    ] {
        let message = parse("", &[text]).unwrap_err();
        assert!(message.starts_with(&format!("--set {text}: ")) && message.contains(part), "{message}");
    }
}

#[test]
fn a_message_says_what_the_key_takes() {
    for (text, message) in [
        ("train.batch=0", "`train.batch` is 0; it takes a whole number of at least 1"),
        ("projection.dropout=1", "`projection.dropout` is 1.0; it takes a number from 0 to below 1"),
        ("optimizer.betas=0.9", "`optimizer.betas` is [0.9]; it takes two numbers, each from 0 to below 1"),
        (
            "optimizer.name=Lion",
            "`optimizer.name` is \"Lion\"; it takes one of SGD, Adam, AdamW, SAM_Adam, SAM_AdamW",
        ),
        ("schedule.name=step", "`schedule.name` is \"step\"; it takes one of none, cosine"),
        ("loss.margin=wide", "`loss.margin` is \"wide\"; it takes a number"),
        ("loss=ArcFace", "`loss` is a section, not \"ArcFace\": write [loss]"),
    ] {
        assert_eq!(parse("", &[text]).unwrap_err(), format!("--set {text}: {message}"));
    }
    assert_eq!(
        parse("[loss]\nmargin = 30", &[]).unwrap_err(),
        "x.toml: `loss.margin` is 30; for ArcFace it must be in radians, between 0 and pi/2"
    );
}

#[test]
fn every_key_is_listed_with_what_it_takes_and_means_and_its_default_is_its_value() {
    let keys = config_keys();
    let find =
        |name: &str| keys.iter().find(|key| key.key == name).unwrap_or_else(|| panic!("{name} is missing"));
    for key in &keys {
        assert!(!key.takes.is_empty() && key.meaning.ends_with('.'), "{key:?}");
        if let Some(default) =
            key.default.as_deref().filter(|_| key.key != "base" && !key.key.starts_with("loss."))
        {
            let text = format!("{}={}", key.key, default.trim_matches('"'));
            assert_eq!(parse("name = ''", &[&text]), parse("name = ''", &[]), "{text}");
        }
    }
    let lr = find("optimizer.lr");
    assert_eq!((lr.takes.as_str(), lr.default.as_deref()), ("a number from 0 to 1000", Some("0.02")));
    assert_eq!(lr.meaning, "Learning rate, which schedule and warm-up scale.");
    assert_eq!(find("backbone.weights").default, None);
    assert_eq!(find("schedule.warmup").takes, "one of none, linear, exponential");
    assert_eq!(find("data.train.file").takes, "a text");
    assert!(find("loss.margin").meaning.contains("ArcFace (default 0.5)"), "{:?}", find("loss.margin"));
    assert!(find("loss.scale").meaning.contains("ArcFace (default 30.0)"), "{:?}", find("loss.scale"));
    assert!(find("loss.scale").meaning.contains("AdaCos (default none)"), "{:?}", find("loss.scale"));
    assert_eq!(find("loss.margins").meaning, "Option of DynamicMargin (default none).");
}

#[test]
fn every_option_of_every_loss_can_be_given() {
    for options in LossOptions::all() {
        let value = serde_json::to_value(&options).unwrap();
        let options: Vec<_> = value.as_object().unwrap().iter().filter(|(name, _)| *name != "name").collect();
        assert!(!options.is_empty());
        for (option, default) in options {
            let sets = [
                format!("loss.name={}", value["name"].as_str().unwrap()),
                format!("loss.{option}={default}"),
            ];
            parse("", &[&sets[0], &sets[1]]).unwrap();
        }
    }
    for margins in ["0.2,0.3", "[0.2, 0.3]"] {
        let e = parse("", &["loss.name=DynamicMargin", &format!("loss.margins={margins}")]).unwrap();
        let LossOptions::DynamicMargin(found) = e.recipe.loss.options else { panic!("another loss") };
        assert_eq!(found.margins, Some(vec![0.2, 0.3]));
    }
}

#[test]
fn another_loss_keeps_the_sub_centers_and_drops_the_options() {
    let text = "[loss]\nname = 'ArcFace'\nmargin = 0.3\nsub_centers = 3";
    let e = parse(text, &["loss.name=AdaCos"]).unwrap();
    assert_eq!(
        (e.recipe.loss.sub_centers, &e.recipe.loss.options),
        (3, &LossOptions::AdaCos(Default::default()))
    );
    let e = parse(text, &["loss.scale=20"]).unwrap();
    assert_eq!(e.recipe.loss.options, LossOptions::ArcFace(ArcFace { scale: 20.0, margin: 0.3 }));
    for name in LossOptions::NAMES.into_iter().chain(["DynM-ArcFace", "CLAM"]) {
        parse(text, &[&format!("loss.name={name}")]).unwrap();
    }
}

#[test]
fn an_experiment_inherits_from_its_base_and_a_cycle_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name)
    };
    write("base.toml", "name = 'base'\n[train]\nepochs = 7\nbatch = 9\n[[data.train]]\nkey = 'rp2k'");
    let child = write("child.toml", "base = 'base.toml'\n[train]\nbatch = 5");
    let e = Experiment::load(&child, &["train.seed=2".to_owned()]).unwrap();
    assert_eq!(
        (e.name.as_str(), e.recipe.train.epochs, e.recipe.train.batch, e.recipe.train.seed),
        ("child", 7, 5, 2)
    );
    assert_eq!(e.data.train[0].key, "rp2k");
    let a = write("a.toml", "base = 'b.toml'");
    write("b.toml", "base = 'a.toml'");
    let error = Experiment::load(&a, &[]).unwrap_err();
    assert!(matches!(error, Error::BaseCycle { .. }) && error.to_string().contains("b.toml"), "{error}");
    let gone = write("gone.toml", "base = 'nowhere.toml'");
    assert!(Experiment::load(&gone, &[]).unwrap_err().to_string().contains("nowhere.toml"));
}

#[test]
fn every_key_of_the_resolved_default_is_a_known_key() {
    // resolved() is read back by the strict parser, so a field without a schema line fails here.
    let e = Experiment::default();
    let text = e.resolved().unwrap();
    let back = Experiment::parse(&text, "x.toml", &[]).unwrap();
    assert_eq!(Experiment { name: String::new(), ..back }, e);
}

#[test]
fn what_is_not_given_is_the_published_recipe() {
    let published = Experiment::load(&config("siglip-so400m_arcface-k3_m4d35k.toml"), &[]).unwrap().recipe;
    let schedule = Schedule { min_lr: None, ..published.schedule.clone() };
    assert_eq!(parse("", &[]).unwrap().recipe, Recipe { schedule, ..published });
    assert_eq!(parse("", &[]).unwrap().recipe, Recipe::default());
    // The scale and the sub-centers are those of every loss; AdaCos works its scale out.
    for (name, scale) in
        [("AdaFace", Some(30.0)), ("CLAM", Some(30.0)), ("NormalizedSoftmax", Some(30.0)), ("AdaCos", None)]
    {
        let loss = parse("", &[&format!("loss.name={name}")]).unwrap().recipe.loss;
        let value = serde_json::to_value(&loss).unwrap();
        assert_eq!((loss.sub_centers, value["scale"].as_f64()), (3, scale), "{name}");
    }
    assert_eq!(parse("[loss]\nscale = 64.0\nsub_centers = 1", &[]).unwrap().recipe.loss.sub_centers, 1);
}

#[test]
fn a_length_is_given_in_epochs_or_in_steps() {
    let lengths = |text: &str, set: &[&str]| {
        let e = parse(text, set).unwrap();
        let (train, course) = (e.recipe.train.clone(), e.recipe.schedule.course(10, 100));
        // What the run folder holds is the same experiment.
        let resolved = e.resolved().unwrap();
        assert_eq!(
            Experiment::parse(&resolved, "resolved.toml", &[]).unwrap().recipe.train.total_steps(10),
            train.total_steps(10)
        );
        (train.total_steps(10), course.warmup)
    };
    assert_eq!(lengths("", &[]), (100, 10));
    assert_eq!(lengths("[train]\nepochs = 3\n[schedule]\nwarmup_epochs = 0.5", &[]), (30, 5));
    let in_steps = "[train]\nsteps = 77\n[schedule]\nwarmup_steps = 4";
    assert_eq!(lengths(in_steps, &[]), (77, 4));
    // An override gives it anew, in either unit.
    assert_eq!(lengths(in_steps, &["train.epochs=2", "schedule.warmup_epochs=2"]), (20, 20));
    assert_eq!(
        lengths(
            "[train]\nepochs = 3\n[schedule]\nwarmup_epochs = 0.5",
            &["train.steps=5", "schedule.warmup_steps=6"]
        ),
        (5, 6)
    );
    for (text, keys) in [
        ("[train]\nsteps = 77\nepochs = 1", "`train.epochs` and `train.steps`"),
        (
            "[schedule]\nwarmup_steps = 4\nwarmup_epochs = 1",
            "`schedule.warmup_epochs` and `schedule.warmup_steps`",
        ),
    ] {
        assert_eq!(
            parse(text, &[]).unwrap_err(),
            format!("x.toml: {keys} say the same in two units; keep one")
        );
    }
}
