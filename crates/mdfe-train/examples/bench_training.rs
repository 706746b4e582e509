//! The published training at its real size, on random numbers: a space of f16 features and a whole `Trainer` over it, timed by its parts.
//!
//! `cargo xtask bench training -- [--rows 328400] [--classes 34800] [--steps 500] [--sample 0.1] [--dir DIR]` prints one JSON line. The space is
//! made in DIR (default: a temporary folder) and used again there. `peak_mb` is what the process holds at most without the mapped store.

use mdfe_data::{
    Dataset, Domain, PreprocessRecord, Sample,
    identity::Fingerprint,
    store::{BackboneId, FeatureStore, FeatureView, SpaceSpec, SpaceWriter, StoreDtype, View},
};
use mdfe_train::{Recipe, StoredFeatures, Trainer};
use std::{
    error::Error,
    io::Write,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
    time::Instant,
};

const DIM: usize = 1152;

fn spec() -> SpaceSpec {
    SpaceSpec {
        backbone: BackboneId {
            name: "random".into(),
            architecture: Fingerprint::of(b"random numbers"),
            weights: Fingerprint::of(b"none"),
            commit: None,
            proj_layer: false,
        },
        preprocess: PreprocessRecord::plain([384, 384]),
        compute: "f32".into(),
        dtype: StoreDtype::F16,
        dim: DIM,
        numerics: 0,
        variant: None,
    }
}

fn key(row: usize) -> Fingerprint {
    Fingerprint::of(&(row as u64).to_le_bytes())
}

/// The space with so many rows; what is there already stays.
fn space(dir: &Path, rows: usize) -> Result<FeatureStore, Box<dyn Error>> {
    let mut writer = SpaceWriter::open(dir, &spec(), 4096)?;
    let place = writer.dir().to_path_buf();
    let there = FeatureStore::open(&place)?.stored_rows();
    let (mut state, mut row) = (1u64, vec![0f32; DIM]);
    for i in there..rows {
        for value in &mut row {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *value = (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        }
        writer.push(key(i), &row)?;
    }
    writer.flush()?;
    Ok(FeatureStore::open(&place)?)
}

fn view(rows: usize, classes: usize) -> View {
    let sample = |i: usize| Sample {
        path: PathBuf::from(format!("{i:08}.jpg")),
        class: (i % classes) as u32,
        domain: Domain::new("random"),
    };
    let dataset = Dataset {
        name: "random".into(),
        root: PathBuf::new(),
        samples: (0..rows).map(sample).collect(),
        class_names: (0..classes).map(|class| class.to_string()).collect(),
        ..Dataset::default()
    };
    let keys: Vec<_> = (0..rows).map(|row| Some(key(row))).collect();
    View::new(&dataset, &keys)
}

/// A line of `/proc/self/status` in MB; 0 where there is none.
fn memory(line: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let found = status
        .lines()
        .find_map(|text| text.strip_prefix(line)?.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    found.unwrap_or_default() / 1024.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str, default: f64| value(name).map_or(Ok(default), |text| text.parse::<f64>());
    let (rows, classes) = (number("--rows", 328_400.0)? as usize, number("--classes", 34_800.0)? as usize);
    let threads = number("--threads", 2.0)? as usize;
    rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    let own = tempfile::tempdir()?;
    let dir = value("--dir").map_or_else(|| own.path().to_path_buf(), PathBuf::from);
    let store = space(&dir, rows)?;
    let rows_view = FeatureView::new(Arc::new(store), Arc::new(view(rows, classes)))?;
    let source = StoredFeatures::new(vec![rows_view])?;
    let mut recipe = Recipe::default();
    recipe.train.steps = Some(number("--steps", 500.0)? as usize);
    recipe.loss.sample_fraction = number("--sample", 1.0)?;
    let mut trainer = Trainer::new(recipe, &source)?;
    let per_epoch = trainer.steps_per_epoch();
    let started = Instant::now();
    // The resident set without the pages of mapped files.
    let mut peak = 0f64;
    let mut watch = mdfe_train::Watch(|_: &mdfe_train::StepReport| peak = peak.max(memory("RssAnon:")));
    trainer.run(None, &mut watch, &AtomicBool::new(false))?;
    let seconds = started.elapsed().as_secs_f64();
    let (steps, times) = (trainer.state().step, trainer.times());
    let share = |part: std::time::Duration| part.as_secs_f64() / seconds;
    let row = serde_json::json!({
        "bench": "training", "rows": rows, "classes": classes, "steps": steps, "threads": threads,
        "level": mdfe_simd::Level::current().name(), "ms_per_step": seconds * 1e3 / steps as f64,
        "head": share(times.head), "projection": share(times.projection), "encoder": share(times.encoder),
        "update": share(times.update), "peak_mb": peak,
        "hours_of_ten_epochs": seconds / steps as f64 * (per_epoch * 10) as f64 / 3600.0,
    });
    std::io::stdout().write_all(format!("{row}\n").as_bytes())?;
    Ok(())
}
