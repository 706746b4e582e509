//! Stanford Cars: the list of models from the development kit's MATLAB file.

use super::{
    PrepareReport,
    job::Job,
    mat::{self, Value},
};
use crate::{
    Error, Result,
    lists::csv_bytes,
    readers::sets::stanford_cars::{KIT, LIST},
};

const FIELDS: [&str; 6] = ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname"];
const HEADER: [&str; 7] = ["index", "x1", "y1", "x2", "y2", "Label", "image"];

/// Writes `sc_train.csv`; rows are in the kit's order and numbered from 0.
pub(super) fn prepare(job: &Job<'_>) -> Result<PrepareReport> {
    let target = job.source.on_disk(LIST);
    let kit = match job.source.load(&KIT) {
        Ok(kit) => kit,
        Err(Error::Missing { .. }) if target.is_file() => {
            return PrepareReport::of_kept(job.source.info.key, target);
        }
        Err(error) => return Err(error),
    };
    let fault = |reason: String| Error::Malformed { path: kit.path.clone(), line: None, reason };
    let cars = cars(&mat::read(&kit.path, &kit.bytes)?).map_err(fault)?;
    let classes: std::collections::HashSet<&String> = cars.iter().map(|row| &row[5]).collect();
    let mut report = PrepareReport {
        key: job.source.info.key,
        classes: classes.len(),
        images: cars.len(),
        ..PrepareReport::default()
    };
    report.write_list(job, LIST, &csv_bytes(&HEADER, &cars)?)?;
    Ok(report)
}

/// The rows of the list out of the struct array that has the wanted fields.
fn cars(variables: &[(String, Value)]) -> std::result::Result<Vec<[String; 7]>, String> {
    let positions = |fields: &[String]| {
        let found = FIELDS.map(|wanted| fields.iter().position(|f| f == wanted));
        found.iter().all(Option::is_some).then(|| found.map(Option::unwrap_or_default))
    };
    let array = variables.iter().find_map(|(_, value)| match value {
        Value::Struct { fields, elements } => positions(fields).map(|p| (p, elements)),
        _ => None,
    });
    let (positions, elements) =
        array.ok_or_else(|| format!("has no struct array with the fields {FIELDS:?}"))?;
    let mut rows = Vec::with_capacity(elements.len());
    for (i, element) in elements.iter().enumerate() {
        let value = |field: usize| element.get(positions[field]);
        let whole = |field: usize| {
            let number = value(field).and_then(Value::number).filter(|n| n.fract() == 0.0 && n.abs() < 1e9);
            number
                .map(|n| (n as i64).to_string())
                .ok_or_else(|| format!("element {i}: `{}` is no whole number", FIELDS[field]))
        };
        let name =
            value(5).and_then(Value::text).ok_or_else(|| format!("element {i}: `fname` is no text"))?;
        rows.push([i.to_string(), whole(0)?, whole(1)?, whole(2)?, whole(3)?, whole(4)?, name.to_owned()]);
    }
    Ok(rows)
}
