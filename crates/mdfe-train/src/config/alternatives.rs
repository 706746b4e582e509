//! Pairs of keys that say the same in two units, of which an experiment gives one.

use toml::{Table, Value};

/// A length that is given in epochs or in steps.
struct Alternative {
    section: &'static str,
    epochs: &'static str,
    /// Where both have a value, this one counts.
    steps: &'static str,
}

const ALTERNATIVES: [Alternative; 4] = [
    Alternative { section: "train", epochs: "epochs", steps: "steps" },
    Alternative { section: "train", epochs: "checkpoint_every", steps: "checkpoint_every_steps" },
    Alternative { section: "valid", epochs: "every", steps: "every_steps" },
    Alternative { section: "schedule", epochs: "warmup_epochs", steps: "warmup_steps" },
];

fn holds(table: &Table, section: &str, key: &str) -> bool {
    table.get(section).and_then(|section| section.get(key)).is_some()
}

/// `Ok` if a file gives no length twice; the error is a sentence that names the keys.
pub(super) fn given_once(table: &Table) -> Result<(), String> {
    for Alternative { section, epochs, steps } in ALTERNATIVES {
        if holds(table, section, epochs) && holds(table, section, steps) {
            return Err(format!(
                "`{section}.{epochs}` and `{section}.{steps}` say the same in two units; keep one"
            ));
        }
    }
    Ok(())
}

/// Takes out of `under` the lengths that `over` gives in the other unit.
pub(super) fn give_way(under: &mut Table, over: &Table) {
    for Alternative { section, epochs, steps } in ALTERNATIVES {
        for (given, other) in [(epochs, steps), (steps, epochs)] {
            if holds(over, section, given)
                && let Some(Value::Table(keys)) = under.get_mut(section)
            {
                keys.remove(other);
            }
        }
    }
}

/// Leaves a resolved experiment with the keys that count.
pub(super) fn only_what_counts(experiment: &mut serde_json::Value) {
    for Alternative { section, epochs, steps } in ALTERNATIVES {
        if let Some(keys) = experiment.get_mut(section).and_then(|section| section.as_object_mut())
            && keys.contains_key(steps)
        {
            // Not `remove`, which would move the last key into its place.
            keys.shift_remove(epochs);
        }
    }
}
