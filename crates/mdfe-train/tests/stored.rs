//! Training on features that lie on disk, and on their principal components.
#![allow(clippy::unwrap_used)] // helpers of tests may unwrap as the tests do

mod common;

use common::{DIM, Toy, Trained, assert_learns, changed, recipe, refusal, stopped_and_resumed, train};
use mdfe_data::{
    Dataset, Domain, PreprocessRecord, Sample,
    identity::{Fingerprint, KeyCache},
    store::{BackboneId, FeatureStore, FeatureView, SpaceSpec, SpaceWriter, StoreDtype, View, resolve},
};
use mdfe_train::{Checkpoints, Identity, Pca, ProjectionKind, Source, StoredFeatures, Trainer};
use std::{path::Path, sync::Arc};

fn spec() -> SpaceSpec {
    let (name, [architecture, weights]) = ("toy/model".to_owned(), [b"a", b"w"].map(|b| Fingerprint::of(b)));
    SpaceSpec {
        backbone: BackboneId { name, architecture, weights, commit: None, proj_layer: false },
        preprocess: PreprocessRecord::plain([8, 8]),
        dtype: StoreDtype::F32,
        compute: "f32".into(),
        dim: DIM,
        numerics: 1,
        variant: None,
    }
}

/// The samples of a toy as a store on disk, in its order; sample i is the file of the bytes of i.
fn stored(toy: &Toy, dir: &Path) -> FeatureView {
    let labels = &toy.facts().labels;
    let sample = |i: usize| {
        let path = format!("{i}.png");
        std::fs::write(dir.join(&path), i.to_le_bytes()).unwrap();
        Sample { path: path.into(), class: labels[i], domain: Domain::new("food") }
    };
    let dataset = Dataset {
        name: "toy".into(),
        root: dir.to_path_buf(),
        samples: (0..labels.len()).map(sample).collect(),
        class_names: (0..8).map(|class| format!("class {class}")).collect(),
        ..Dataset::default()
    };
    let view: View = resolve(&dataset, &KeyCache::disabled(), false, |_| true).unwrap().view;
    let mut writer = SpaceWriter::open(&dir.join("spaces"), &spec(), 32).unwrap();
    for (row, features) in toy.features.chunks(DIM).enumerate() {
        writer.push(view.key(row), features).unwrap();
    }
    writer.flush().unwrap();
    let store = FeatureStore::open(writer.dir()).unwrap();
    FeatureView::new(Arc::new(store), Arc::new(view)).unwrap()
}

#[test]
fn stored_features_train_as_those_in_memory() {
    let (toy, dir) = (Toy::new(80, 7), tempfile::tempdir().unwrap());
    let source = StoredFeatures::new(vec![stored(&toy, dir.path())]).unwrap();
    let found = Trained::of(Trainer::new(recipe(), &source).unwrap(), None);
    assert!(found.state == train(&recipe(), &toy).state);
}

#[test]
fn variants_with_other_images_are_refused() {
    let (toy, dir) = (Toy::new(80, 7), tempfile::tempdir().unwrap());
    let rows = stored(&toy, dir.path());
    let part = |keep: fn(usize) -> bool| rows.with_view(Arc::new(rows.view().filter(keep))).unwrap();
    let (first, second) = (part(|row| row < 40), part(|row| row >= 40));
    assert!(StoredFeatures::with_variants(vec![vec![first.clone()], vec![first.clone()]]).is_ok());
    let message = refusal(StoredFeatures::with_variants(vec![vec![first], vec![second]]));
    assert!(message.contains("do not have the same rows"), "{message}");
}

#[test]
fn principal_components_train_their_centers_alone() {
    let (toy, dir) = (Toy::new(80, 7), tempfile::tempdir().unwrap());
    let source = StoredFeatures::new(vec![stored(&toy, dir.path())]).unwrap();
    let pca = Pca::fit(&source).unwrap();
    let recipe = changed(|r| r.projection.kind = ProjectionKind::Pca);
    let make = |dim| {
        Trainer::with_encoder(recipe.clone(), &source, Box::new(Identity { feature_dim: dim }), Some(&pca))
    };
    let before = make(DIM).unwrap().state().clone();
    let unbroken = Trained::of(make(DIM).unwrap(), None);
    assert_learns("pca", &unbroken);
    for name in ["projection.weight", "projection.bias"] {
        assert_eq!(unbroken.state.values(name), before.values(name), "{name}");
    }
    let dir = tempfile::tempdir().unwrap();
    let resumed = stopped_and_resumed(|| make(DIM).unwrap(), &Checkpoints::new(dir.path(), 2), 5);
    assert!(resumed == unbroken.state);
    assert!(refusal(Trainer::new(recipe.clone(), &source)).contains("fitted on stored features"));
    let message = refusal(make(DIM - 1));
    assert!(message.contains("components of 24 features") && message.contains("23"), "{message}");
}
