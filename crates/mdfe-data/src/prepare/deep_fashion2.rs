//! DeepFashion2: one file per item whose style is marked, cut out where its image shows more than one item.

use super::{
    PrepareReport,
    cutting::{Plan, Wanted, begin, cut_all},
    job::Job,
};
use crate::{Error, Result, Skipped, files::is_plain_name, lists::json};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};
use std::{fmt, path::Path};

/// Files go to `preprocessed_imgs/{category}/{pair}_{style}/{image}_{item}.jpg`.
pub(super) fn prepare(job: &Job<'_>) -> Result<PrepareReport> {
    let folder = job.source.on_disk("annos");
    if let Some(report) = begin(job, &folder)? {
        return Ok(report);
    }
    let entries = std::fs::read_dir(&folder).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => job.source.missing("annos/"),
        _ => Error::io("read", &folder)(e),
    })?;
    let mut ids = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::io("read", &folder))?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("json")) {
            ids.extend(
                path.file_stem().and_then(|s| s.to_str()).filter(|s| !s.starts_with('.')).map(str::to_owned),
            );
        }
    }
    ids.sort_unstable();
    cut_all(job, ids, Vec::new(), |id| plan(job, &id))
}

fn plan(job: &Job<'_>, id: &str) -> Result<Plan> {
    let path = job.source.on_disk("annos").join(format!("{id}.json"));
    let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
    let Annotations { pair, items } = json::parse(&path, &bytes)?;
    let whole = items.len() == 1;
    let mut wanted = Vec::new();
    let mut skipped = Vec::new();
    for (number, item) in items.iter().filter(|(_, item)| item.style > 0) {
        if !is_plain_name(&item.category_name) {
            let reason =
                format!("item{number}: `category_name` is `{}`, which names no folder", item.category_name);
            skipped.push(Skipped::new(format!("annos/{id}.json"), reason));
            continue;
        }
        let pair = pair.ok_or_else(|| no_pair(&path))?;
        let class = format!("{pair}_{}", item.style);
        wanted.push(Wanted {
            target: format!("preprocessed_imgs/{}/{class}/{id}_{number}.jpg", item.category_name),
            class,
            corners: (!whole).then_some(item.bounding_box),
        });
    }
    Ok(Plan { image: format!("image/{id}.jpg").into(), wanted, skipped })
}

fn no_pair(path: &Path) -> Error {
    Error::Malformed {
        path: path.to_path_buf(),
        line: None,
        reason: "has no whole number `pair_id`".to_owned(),
    }
}

/// One annotation file; items in the order of their numbers.
struct Annotations {
    pair: Option<i64>,
    items: Vec<(u64, Item)>,
}

#[derive(Deserialize)]
struct Item {
    style: i64,
    category_name: String,
    bounding_box: [f64; 4],
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Annotations;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with `pair_id` and `item1`, `item2`, ...")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let (mut pair, mut items) = (None, Vec::<(u64, Item)>::new());
                while let Some(key) = map.next_key::<String>()? {
                    match key.strip_prefix("item").map(str::parse) {
                        Some(Ok(number)) if items.iter().any(|(n, _)| *n == number) => {
                            return Err(A::Error::custom(format!("`{key}` occurs twice")));
                        }
                        Some(Ok(number)) => items.push((number, map.next_value()?)),
                        _ if key == "pair_id" => pair = Some(map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                items.sort_by_key(|(number, _)| *number);
                Ok(Annotations { pair, items })
            }
        }
        deserializer.deserialize_map(Fields)
    }
}
