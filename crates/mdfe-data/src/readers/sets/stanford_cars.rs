//! Stanford Cars: photos of cars, one class per model, or per model and colour where refined.

use super::prelude::*;
use std::path::PathBuf;

/// The list of models, made by preparation from the development kit.
pub(crate) const LIST: &str = "sc_train.csv";
/// Accepted names of the published list of models and colours.
pub(crate) const REFINED: [&str; 3] = ["sc_refined_train.csv", "sc_train_refined.csv", "refined_train.csv"];
/// Accepted places of the development kit's annotations.
pub(crate) const KIT: [&str; 3] =
    ["devkit/cars_train_annos.mat", "car_devkit/devkit/cars_train_annos.mat", "cars_train_annos.mat"];

pub(super) static SET: DataSet = DataSet {
    info: DatasetInfo {
        key: "stanford_cars",
        domains: &["cars"],
        folders: &["stanford_cars"],
        licence: "non-commercial research",
        source: "https://www.kaggle.com/datasets/jessicali9530/stanford-cars-dataset",
        tree: &[optional(&KIT), optional(&REFINED), optional(&["cars_train/"]), prepared(&[LIST])],
        expected: Some(Expected { classes: 196, images: 8_144, rounded: false, of: "" }),
        min_samples: 3,
        options: &["refined"],
        ..DatasetInfo::BLANK
    },
    list: List::Other(read),
};

/// Models are numbers; models with their colour are text such as `14_8`.
fn read(source: &Source<'_>) -> Result<Rows> {
    let refined = source.options.refined;
    let files: &[&str] = if refined { &REFINED } else { &[LIST] };
    let domain = source.domain();
    let mut rows = Rows::default();
    let place = Unpacking::of(source);
    source.load(files)?.rows(Format::Csv, ["image", "Label|Class"], |row| {
        let path = place.image(source, row.text(0));
        if refined {
            rows.push_text(path, row.text(1), &domain);
        } else {
            rows.push_number(path, row.int(1)?, &domain);
        }
        Ok(())
    })?;
    Ok(rows)
}

/// The archive in circulation unpacks to `cars_train/cars_train/`, the original one to `cars_train/`.
struct Unpacking {
    nested: bool,
}

impl Unpacking {
    fn of(source: &Source<'_>) -> Self {
        Self { nested: source.on_disk("cars_train/cars_train").is_dir() }
    }

    /// The image in the nested folder where there is one, unless it lies in the outer folder only.
    fn image(&self, source: &Source<'_>, image: &str) -> PathBuf {
        let nested = source.sample("cars_train/cars_train", image);
        let flat = source.sample("cars_train", image);
        let root = &source.options.root;
        let outer_only = || !root.join(&nested).is_file() && root.join(&flat).is_file();
        if self.nested && !outer_only() { nested } else { flat }
    }
}
