//! From embeddings and labels to a report.

use crate::{
    Domains, Error, Exclude, Knn, Metric, Named, Neighbour, Neighbours, Relevance, Report, Result,
    Similarity, SingleLabel, Vectors, relevance::check_rows, report::check_metrics,
};

/// One side of a retrieval: embeddings with what is known about them.
#[derive(Clone, Copy, Debug)]
pub struct Retrieval<'a> {
    /// `[rows, D]`.
    pub vectors: Vectors<'a>,
    /// Class of each row, `[rows]`.
    pub labels: &'a [i64],
    /// Domain of each row, where there are several. Domains of query and index are matched by name.
    pub domains: Option<&'a Domains>,
}

/// In which rows a query with a domain searches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndexScope {
    /// In the index rows of all domains; only those with the query's domain and class are relevant.
    #[default]
    Merged,
    /// In the index rows of its own domain.
    PerDomain,
}

/// Options of an evaluation.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// What to report; [`Metric::defaults`] by default.
    pub metrics: Vec<Metric>,
    /// What "near" means; the inner product by default.
    pub similarity: Similarity,
    /// Index rows that a query must not find; nothing by default. [`Exclude::SameRow`] when the queries are the index.
    pub exclude: Exclude,
    /// The rows a query searches; the merged index by default.
    pub scope: IndexScope,
}

impl Default for Evaluation {
    fn default() -> Self {
        Self {
            metrics: Metric::defaults(),
            similarity: Similarity::InnerProduct,
            exclude: Exclude::Nothing,
            scope: IndexScope::Merged,
        }
    }
}

impl Evaluation {
    /// The options for queries that are the index themselves: leave-one-out.
    pub fn leave_one_out() -> Self {
        Self { exclude: Exclude::SameRow, ..Self::default() }
    }

    /// Searches and scores. An index row is relevant to a query when its label is the same and, where both sides have
    /// domains, its domain too.
    ///
    /// # Errors
    /// Those of [`Evaluation::run_with`]; [`Error::Length`] when labels or domains are not one for each row.
    pub fn run(&self, query: Retrieval<'_>, index: Retrieval<'_>) -> Result<Report> {
        check_side(query, ["query labels", "query domains"])?;
        check_side(index, ["index labels", "index domains"])?;
        let domains = match (query.domains, index.domains) {
            (Some(q), Some(i)) => Some((q, i)),
            (None, None) => None,
            (None, Some(_)) => return Err(Error::NoDomains { what: "query", remedy: ONE_SIDED }),
            (Some(_), None) => return Err(Error::NoDomains { what: "index", remedy: ONE_SIDED }),
        };
        let Some((q, i)) = domains else {
            let relevance = SingleLabel::new(query.labels.iter().copied(), index.labels.iter().copied());
            return self.run_with((query.vectors, index.vectors), &relevance, None);
        };
        let pairs = |side: &Retrieval<'_>, names: &Domains| {
            let position = |row: usize| q.names().iter().position(|name| name == names.name(row));
            side.labels.iter().enumerate().map(|(row, &label)| (position(row), label)).collect::<Vec<_>>()
        };
        let relevance = SingleLabel::new(pairs(&query, q), pairs(&index, i));
        self.run_with((query.vectors, index.vectors), &relevance, Some((q, i)))
    }

    /// Searches and scores with a relevance of your own; `vectors` and `domains` are those of query and index.
    ///
    /// # Errors
    /// Those of [`Knn::search`] and [`Report::score`]; [`Error::NoDomains`] when [`IndexScope::PerDomain`] has none to go by.
    pub fn run_with(
        &self,
        (query, index): (Vectors<'_>, Vectors<'_>),
        relevance: &impl Relevance,
        domains: Option<(&Domains, &Domains)>,
    ) -> Result<Report> {
        let k = self.metrics.iter().map(|m| m.k()).max().unwrap_or(0);
        check_metrics(&self.metrics, k)?;
        check_rows(relevance, query.len(), index.len())?;
        if let Some((q, i)) = domains {
            check_length("query domains", q.len(), query.len())?;
            check_length("index domains", i.len(), index.len())?;
        }
        let knn = Knn { k, similarity: self.similarity, exclude: self.exclude.clone(), ..Knn::default() };
        let neighbours = match (self.scope, domains) {
            (IndexScope::Merged, _) => knn.search(query, index)?,
            (IndexScope::PerDomain, Some(domains)) => search_per_domain(&knn, (query, index), domains)?,
            (IndexScope::PerDomain, None) => {
                let remedy = "a separate index for each domain needs the domain of every row";
                return Err(Error::NoDomains { what: "query", remedy });
            }
        };
        let groups: Named<Vec<usize>> = match domains {
            Some((q, _)) => {
                let group = |name: &String| (name.clone(), q.rows_of(name));
                q.names().iter().map(group).filter(|(_, rows)| !rows.is_empty()).collect()
            }
            None => Named::from_iter([]),
        };
        Report::score(&self.metrics, &neighbours, relevance, &self.exclude, &groups)
    }
}

const ONE_SIDED: &str = "give the domain of every row on both sides or on neither";

fn check_side(side: Retrieval<'_>, [labels, domains]: [&'static str; 2]) -> Result<()> {
    check_length(labels, side.labels.len(), side.vectors.len())?;
    side.domains.map_or(Ok(()), |d| check_length(domains, d.len(), side.vectors.len()))
}

fn check_length(what: &'static str, got: usize, rows: usize) -> Result<()> {
    if got == rows { Ok(()) } else { Err(Error::Length { what, got, rows }) }
}

/// Searches each domain's queries in its own index rows; the ids that come back are rows of the whole index.
fn search_per_domain(
    knn: &Knn,
    (query, index): (Vectors<'_>, Vectors<'_>),
    (query_domains, index_domains): (&Domains, &Domains),
) -> Result<Neighbours> {
    if query.dim() != index.dim() {
        return Err(Error::Dim { query: query.dim(), index: index.dim() });
    }
    // Here a message can still name the caller's rows.
    query.checked_norms("query")?;
    index.checked_norms("index")?;
    knn.exclude.check(query.len(), index.len())?;
    let mut found: Vec<Vec<Neighbour>> = vec![Vec::new(); query.len()];
    for name in query_domains.names() {
        let (queries, rows) = (query_domains.rows_of(name), index_domains.rows_of(name));
        if queries.is_empty() || rows.is_empty() {
            continue;
        }
        let own = |&q: &usize| {
            knn.exclude.row(q).and_then(|row| rows.binary_search(&(row as usize)).ok()).map(|at| at as u32)
        };
        let exclude = Exclude::Rows(queries.iter().map(own).collect());
        let (query_data, index_data) = (query.gather(&queries), index.gather(&rows));
        let part = Knn { exclude, ..knn.clone() }
            .search(Vectors::new(&query_data, query.dim())?, Vectors::new(&index_data, index.dim())?)?;
        for (&q, neighbours) in queries.iter().zip(part.rows()) {
            found[q] =
                neighbours.iter().map(|n| Neighbour { id: rows[n.id as usize] as u32, ..*n }).collect();
        }
    }
    Ok(Neighbours::from_rows(knn.k, found))
}
