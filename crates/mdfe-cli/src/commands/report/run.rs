//! The page of a run.

use super::{FILE, Files};
use anyhow::{Context, Result};
use mdfe_data::{Dataset, store::View};
use mdfe_eval::Rows;
use mdfe_report::{Curve, Described, Fact, Page, Retrieved, ScoredBy};
use mdfe_train::{
    Experiment,
    pipeline::{Run, SetFound, TestSet},
};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

/// Writes `report.html` into the folder of a run that has just finished.
pub(in crate::commands) fn write_run(
    run: &Run<'_>,
    experiment: &Experiment,
    found: &[SetFound],
) -> Result<()> {
    let folder = run.folder.path();
    let sets =
        run.test.iter().zip(found).map(|(test, found)| retrieved(test, found)).collect::<Result<Vec<_>>>()?;
    let page = Page {
        title: format!("{}: what the run found", experiment.name),
        facts: facts(run, found),
        sets,
        curves: curves(&folder.join("metrics.jsonl"))?,
        appendix: vec![
            Fact { name: "config.toml".into(), value: run.config.clone() },
            Fact { name: "run.json".into(), value: read(&folder.join("run.json"))? },
        ],
    };
    Ok(page.write(&folder.join(FILE), &Files)?)
}

fn facts(run: &Run<'_>, found: &[SetFound]) -> Vec<Fact> {
    let names = |sets: &[Dataset]| sets.iter().map(|set| set.name.clone()).collect::<Vec<_>>().join(", ");
    let images: usize = run.train.iter().map(|set| set.samples.len()).sum();
    let classes: usize = run.train.iter().map(Dataset::num_classes).sum();
    let fact = |name: &str, value: String| Fact { name: name.to_owned(), value };
    let mut facts = vec![
        fact("backbone", run.extractor.id.name.clone()),
        fact("trained on", format!("{}: {images} images of {classes} classes", names(&run.train))),
    ];
    facts.extend(found.first().map(|set| fact("embedding", format!("{} values", set.widths.embed_dim))));
    facts.push(fact("embedder", run.folder.embedder().display().to_string()));
    facts
}

fn retrieved<'a>(test: &TestSet, found: &'a SetFound) -> Result<Retrieved<'a>> {
    let widths = found.widths;
    let scored = found.scores.comparison.scored();
    let compared = scored.map(|scored| {
        let dim = if scored.name == "raw" { widths.feature_dim } else { widths.embed_dim };
        ScoredBy { name: format!("{} {dim}-d", scored.name), report: scored.report.clone() }
    });
    Ok(Retrieved {
        name: test.name.clone(),
        about: format!("Protocol: {}.", test.protocol),
        query: described(&found.query, &test.query.root),
        index: found.index.as_deref().zip(test.index.as_ref()).map(|(view, set)| described(view, &set.root)),
        scores: &found.found,
        compared: compared.into(),
        embeddings: Some(Rows::new(&found.embeddings, widths.embed_dim)?),
    })
}

/// The rows of a view as people speak of them.
fn described(view: &View, root: &Path) -> Vec<Described> {
    let several = view.domains().len() > 1;
    let describe = |row: usize| Described {
        path: root.join(view.path(row).unwrap_or_default()).to_string_lossy().into_owned(),
        label: Some(view.class_names()[view.labels()[row] as usize].clone()),
        domain: several.then(|| view.domains()[view.domain_ids()[row] as usize].to_string()),
    };
    (0..view.len()).map(describe).collect()
}

/// Loss, rate and validation from the record of a training; none where nothing was trained.
fn curves(metrics: &Path) -> Result<Vec<Curve>> {
    if !metrics.exists() {
        return Ok(Vec::new());
    }
    let mut curves: BTreeMap<(usize, String), Vec<(usize, f64)>> = BTreeMap::new();
    for line in read(metrics)?.lines() {
        let line: Value =
            serde_json::from_str(line).with_context(|| format!("cannot read {}", metrics.display()))?;
        let Some(step) = line["step"].as_u64() else { continue };
        let mut push = |order, name: &str, value: &Value| {
            if let Some(value) = value.as_f64() {
                curves.entry((order, name.to_owned())).or_default().push((step as usize, value));
            }
        };
        push(0, "loss", &line["loss"]);
        push(1, "learning rate", &line["lr"]);
        if let Some(name) = line["name"].as_str() {
            push(2, &format!("validation: {name}"), &line["value"]);
        }
    }
    Ok(curves.into_iter().map(|((_, name), points)| Curve { name, points }).collect())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
