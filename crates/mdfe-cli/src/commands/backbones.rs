//! `mdfe backbones list`.

use crate::{
    args::Backbones,
    console::{print_json, print_line},
};
use anyhow::{Context, Result};
use mdfe_model::{Family, Filter, Hub, HubOptions};

pub(crate) fn run(command: Backbones) -> Result<()> {
    let Backbones::List { family, name, max_params, dim, size, text, json } = command;
    let filter = Filter {
        family: family.as_deref().map(find_family).transpose()?,
        name,
        min_dim: dim.unwrap_or(0),
        max_dim: dim,
        max_parameters: max_params.map(|m| (m * 1e6) as u64),
        size,
        text,
    };
    let rows = mdfe_model::list(&filter);
    let hub = Hub::new(HubOptions { offline: true, ..HubOptions::from_env() });
    let cached = |row: &mdfe_model::Pretrained| {
        row.files().iter().any(|file| hub.cached(&row.repo, file, None).is_some())
    };
    if json {
        let rows: Vec<serde_json::Value> = rows
            .iter()
            .map(|row| {
                let mut value = serde_json::to_value(row)?;
                value["full_name"] = row.full_name().into();
                value["cached"] = cached(row).into();
                Ok(value)
            })
            .collect::<Result<_>>()?;
        return print_json(&rows);
    }
    print_line(&format!(
        "{:64} {:17} {:>6} {:>6} {:>10}  cached",
        "name", "family", "size", "dim", "parameters"
    ))?;
    for row in &rows {
        let mark = if cached(row) { "yes" } else { "" };
        let size = row.preprocess.size[0];
        let millions = row.parameters as f64 / 1e6;
        let (name, family) = (row.full_name(), row.family.to_string());
        print_line(&format!(
            "{name:64} {family:17} {size:>6} {:>6} {millions:>8.1} M  {mark}",
            row.feature_dim
        ))?;
    }
    print_line(&format!("{} backbones", rows.len()))
}

fn find_family(name: &str) -> Result<Family> {
    let known = Family::ALL.map(Family::key).join(", ");
    let family = Family::ALL.into_iter().find(|f| f.key() == name);
    family.with_context(|| format!("unknown family `{name}`; known: {known}"))
}
