//! `mdfe backbones list`.

use crate::args::{Backbones, Filters};
use anyhow::Result;
use mdfe_model::{Filter, Hub, HubOptions, Pretrained};
use std::fmt::Write;

pub(crate) fn run(command: Backbones) -> Result<()> {
    let Backbones::List { filters, results } = command;
    let rows = mdfe_model::list(&filter(filters));
    let hub = Hub::new(HubOptions { offline: true, ..HubOptions::from_env() });
    let cached =
        |row: &Pretrained| row.files().iter().any(|file| hub.cached(&row.repo, file, None).is_some());
    let mut json = Vec::new();
    let mut text = format!(
        "{:64} {:17} {:>6} {:>11} {:>10}  cached\n",
        "full_name", "family", "size", "feature_dim", "parameters"
    );
    for row in &rows {
        let (name, cached, size) = (row.full_name(), cached(row), row.preprocess.size[0]);
        let (mark, millions) = (if cached { "yes" } else { "" }, row.parameters as f64 / 1e6);
        let (family, dim) = (row.family, row.feature_dim);
        writeln!(text, "{name:64} {family:17} {size:>6} {dim:>11} {millions:>8.1} M  {mark}")?;
        let mut value = serde_json::to_value(row)?;
        value["full_name"] = name.into();
        value["size"] = size.into();
        value["cached"] = cached.into();
        json.push(value);
    }
    write!(text, "{} backbones", rows.len())?;
    results.print(&json, &text)
}

fn filter(given: Filters) -> Filter {
    Filter {
        family: given.family,
        name: given.name,
        min_dim: given.dim.unwrap_or(0),
        max_dim: given.dim,
        max_parameters: given.max_params.map(|m| (m * 1e6) as u64),
        size: given.size,
        text: given.text,
    }
}
