//! One table over another: an experiment over its base, an override over an experiment.

use super::alternatives::give_way;
use toml::{Table, Value};

/// Puts `over` on top of `under`: sections are merged, everything else, lists too, is replaced.
///
/// A length that `over` gives in epochs takes the place of one in steps, and the other way round.
/// A loss of another name takes what every loss has along, and none of the other loss's options, which may mean something else.
pub(super) fn merge(under: &mut Table, over: Table) {
    let loss = |table: &Table| table.get("loss").and_then(|loss| loss.get("name")).cloned();
    if let Some(new) = loss(&over)
        && loss(under).is_some_and(|old| old != new)
        && let Some(Value::Table(old)) = under.get_mut("loss")
    {
        old.retain(|key, _| {
            ["sub_centers", "sample_fraction", "nested_dims", "label_smoothing"].contains(&key)
        });
    }
    give_way(under, &over);
    merge_tables(under, over);
}

fn merge_tables(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => merge_tables(under, over),
            (_, value) => drop(under.insert(key, value)),
        }
    }
}
