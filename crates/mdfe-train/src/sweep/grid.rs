//! The values that a sweep combines.

use crate::{Error, Result};
use serde::Serialize;
use std::{fmt, str::FromStr};

/// A key with one value, both as `--set` takes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The key, such as `loss.margin`.
    pub key: String,
    /// The value, such as `0.3`.
    pub value: String,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

/// A key with the values that it takes in turn: `loss.name=ArcFace,AdaFace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The key.
    pub key: String,
    /// Its values, each once.
    pub values: Vec<String>,
}

/// Keys that a sweep cannot vary, by how they begin, and why.
const FIXED: [(&str, &str); 7] = [
    ("train.seed", "seeds are counted from the experiment's own: say how many with --seeds"),
    ("data.", "all runs of a sweep train on one data set: run one sweep for each"),
    ("backbone.", "all runs of a sweep share the features of one backbone: run one sweep for each"),
    ("transform.", "all runs of a sweep share the features of one transform: run one sweep for each"),
    ("eval.", "all runs of a sweep are scored alike: use --set"),
    ("name", "the runs of a sweep are named by their values"),
    ("base", "a sweep has one base"),
];

impl Axis {
    /// An axis.
    ///
    /// # Errors
    /// [`Error::Config`] for a key that a sweep cannot vary, and for values that are none or come twice.
    pub fn new(key: impl Into<String>, values: Vec<String>) -> Result<Self> {
        let key = key.into();
        let refused = |problem: String| Err(Error::Config { place: format!("the grid's `{key}`"), problem });
        let fixed = |start: &str| if start.ends_with('.') { key.starts_with(start) } else { key == start };
        if let Some((_, why)) = FIXED.iter().find(|(start, _)| fixed(start)) {
            return refused((*why).to_owned());
        }
        if values.is_empty() || values.iter().any(String::is_empty) {
            return refused("a value is empty; list them as KEY=VALUE,VALUE".to_owned());
        }
        if let Some(i) = (0..values.len()).find(|&i| values[..i].contains(&values[i])) {
            return refused(format!("the value {} comes twice", values[i]));
        }
        Ok(Self { key, values })
    }
}

impl FromStr for Axis {
    type Err = Error;

    /// Reads `key=value,value`. A comma inside brackets or quotation marks belongs to its value: `key=[8,16],[64]`.
    fn from_str(text: &str) -> Result<Self> {
        let Some((key, values)) = text.split_once('=') else {
            let place = format!("--grid {text}");
            return Err(Error::Config { place, problem: "it is written KEY=VALUE,VALUE".to_owned() });
        };
        Self::new(key.trim(), split(values))
    }
}

/// The texts between the commas that stand in no brackets and no quotation marks.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut depth, mut quote) = (0_usize, None);
    for c in text.chars() {
        match (c, quote) {
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth = depth.saturating_sub(1),
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        match parts.last_mut() {
            Some(last) if c != ',' || depth > 0 || quote.is_some() => last.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

/// Axes, each combined with every other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    axes: Vec<Axis>,
    fixed: Vec<Setting>,
}

impl Grid {
    /// A grid; one without axes has one combination, which changes nothing.
    ///
    /// # Errors
    /// [`Error::Config`] for a key that stands on two axes.
    pub fn new(axes: Vec<Axis>) -> Result<Self> {
        match (0..axes.len()).find(|&i| axes[..i].iter().any(|axis| axis.key == axes[i].key)) {
            None => Ok(Self { axes, fixed: Vec::new() }),
            Some(i) => {
                let place = format!("the grid's `{}`", axes[i].key);
                Err(Error::Config {
                    place,
                    problem: "the key comes twice; list all values behind one".into(),
                })
            }
        }
    }

    /// The grid, with settings that hold for all of its combinations and are no part of their names.
    #[must_use]
    pub fn with_fixed(self, fixed: Vec<Setting>) -> Self {
        Self { fixed, ..self }
    }

    /// The axes.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Every combination, the last axis changing fastest.
    pub fn combinations(&self) -> Vec<Combination> {
        let mut all = vec![Combination { settings: Vec::new(), fixed: self.fixed.clone() }];
        for Axis { key, values } in &self.axes {
            let with = |combination: &Combination, value: &String| {
                let setting = Setting { key: key.clone(), value: value.clone() };
                let settings = combination.settings.iter().cloned().chain([setting]).collect();
                Combination { settings, fixed: combination.fixed.clone() }
            };
            all = all.iter().flat_map(|one| values.iter().map(move |value| with(one, value))).collect();
        }
        all
    }
}

/// One value of each axis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Combination {
    /// In the order of the axes.
    pub settings: Vec<Setting>,
    /// What else its grid sets.
    #[serde(skip)]
    pub fixed: Vec<Setting>,
}

impl Combination {
    /// The value of a key, if the combination sets it.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|setting| setting.key == key).map(|setting| setting.value.as_str())
    }

    /// All overrides, in the order in which they hold: names first, because a loss of another name forgets the other's options, then `set`,
    /// which is the same for every combination, then the rest.
    pub fn overrides(&self, set: &[String]) -> Vec<String> {
        let (names, rest): (Vec<&Setting>, Vec<_>) =
            self.settings.iter().chain(&self.fixed).partition(|setting| setting.key.ends_with(".name"));
        let text = |setting: &&Setting| setting.to_string();
        names.iter().map(text).chain(set.iter().cloned()).chain(rest.iter().map(text)).collect()
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.settings.is_empty() {
            return f.write_str("the experiment itself");
        }
        let texts: Vec<String> = self.settings.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(text: &str) -> Axis {
        text.parse().unwrap()
    }

    #[test]
    fn values_are_split_at_commas_outside_of_brackets_and_quotation_marks() {
        assert_eq!(axis("loss.name = ArcFace, AdaFace").values, ["ArcFace", "AdaFace"]);
        assert_eq!(axis("a.dims=[8,16],[64]").values, ["[8,16]", "[64]"]);
        assert_eq!(axis("a.b='x,y',[\"]\",z],3").values, ["'x,y'", "[\"]\",z]", "3"]);
        for (bad, reason) in [
            ("loss.name", "KEY=VALUE"),
            ("loss.name=", "empty"),
            ("loss.margin=0.3,,0.5", "empty"),
            ("loss.margin=0.3,0.3", "0.3 comes twice"),
            ("train.seed=1,2", "--seeds"),
            ("backbone.name=a,b", "one backbone"),
            ("data.root=a,b", "one data set"),
            ("eval.k=1,5", "--set"),
        ] {
            let message = bad.parse::<Axis>().unwrap_err().to_string();
            assert!(message.contains(reason), "{bad}: {message}");
        }
    }

    #[test]
    fn every_value_meets_every_other_once() {
        let grid = Grid::new(vec![axis("loss.margin=0.3,0.5"), axis("loss.name=A,B,C")]).unwrap();
        let texts: Vec<String> = grid.combinations().iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), 6);
        assert_eq!(texts[1], "loss.margin=0.3 loss.name=B");
        assert_eq!(texts[3], "loss.margin=0.5 loss.name=A");
        assert_eq!(Grid::default().combinations(), [Combination::default()]);
        assert!(Grid::new(vec![axis("a.b=1"), axis("a.b=2")]).unwrap_err().to_string().contains("twice"));
    }

    #[test]
    fn a_name_holds_before_what_may_be_an_option_of_it() {
        let grid = Grid::new(vec![axis("loss.margin=0.3"), axis("loss.name=AdaFace")]).unwrap();
        let overrides = grid.combinations()[0].overrides(&["loss.scale=30".to_owned()]);
        assert_eq!(overrides, ["loss.name=AdaFace", "loss.scale=30", "loss.margin=0.3"]);
    }
}
