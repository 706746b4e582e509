//! An index that is one safetensors file.

use super::{
    super::sides::unit_rows,
    answer::{Answer, Neighbour, path_or_row},
    queries::{self, Target},
};
use crate::args::Search;
use anyhow::{Result, bail};
use mdfe_data::Embeddings;
use mdfe_eval::{Knn, Rows};

pub(super) fn search(args: &Search) -> Result<Vec<Answer>> {
    let mut index = Embeddings::read(&args.index)?;
    if index.is_empty() {
        bail!("{} holds no embeddings", args.index.display());
    }
    let target = Target { name: &args.index, dim: index.dim, embedder: index.embedder.as_ref() };
    let (names, values) = queries::read(args, &target)?;
    unit_rows(&mut index);
    let knn = Knn { k: args.neighbours.k, ..Knn::default() };
    let found = knn.search(Rows::new(&values, index.dim)?, Rows::new(&index.values, index.dim)?)?;
    let fits = |score: f32| args.min_score.is_none_or(|least| score >= least);
    let neighbour = |found: &mdfe_eval::Neighbour| {
        let row = found.id as usize;
        Neighbour {
            path: path_or_row(index.paths.get(row), found.id),
            cosine: Some(found.score),
            score: found.score,
            row: found.id,
            label: index.label_name(row),
            domain: index.domain_name(row).map(str::to_owned),
            folded: Vec::new(),
        }
    };
    let answer = |(query, row): (String, &[mdfe_eval::Neighbour])| {
        Answer::new(query, row.iter().filter(|n| fits(n.score)).map(neighbour).collect())
    };
    Ok(names.into_iter().zip(found.rows()).map(answer).collect())
}
