//! Pages of what was found: `report.html` of a run and of an evaluation.

mod evaluation;
mod run;

pub(super) use evaluation::{Evaluated, write_evaluation};
pub(super) use run::write_run;

use mdfe_data::thumbnail;
use mdfe_report::{ImageSource, Wanted};
use rayon::prelude::*;
use std::path::Path;

/// The name of a page in its folder.
pub(super) const FILE: &str = "report.html";

/// Images on disk.
struct Files;

impl ImageSource for Files {
    fn jpegs(&self, wanted: &[Wanted]) -> Vec<Option<Vec<u8>>> {
        let read = |wanted: &Wanted| match thumbnail(Path::new(&wanted.path), wanted.side) {
            Ok(jpeg) => Some(jpeg),
            Err(error) => {
                tracing::debug!("no thumbnail: {error}");
                None
            }
        };
        wanted.par_iter().map(read).collect()
    }
}
