//! `mdfe search`: the nearest images of an index, by image, by sentence or by embedding.

mod answer;
mod file;
mod folder;
mod queries;

use crate::{args::Search, exit::usage};
use anyhow::Result;
use mdfe_index::Index;

pub(crate) fn run(args: &Search) -> Result<()> {
    if let Some(blank) = args.text.iter().chain(&args.minus).find(|text| text.trim().is_empty()) {
        usage!("a query sentence {blank:?} holds no word");
    }
    if args.tokenizer.is_some() && args.text.is_empty() && args.minus.is_empty() {
        usage!("--tokenizer belongs to --text and --minus, and there is none");
    }
    let answers = if Index::is_at(&args.index) {
        folder::search(args)?
    } else {
        if !args.filter.is_empty() || args.fold.is_some() {
            usage!(
                "--filter and --fold need an index folder; `mdfe index build --input {} --output INDEX` makes one",
                args.index.display()
            );
        }
        file::search(args)?
    };
    answer::print(args, &answers)
}
