//! From embeddings and labels to a report.

use crate::{
    Domains, Error, Exclude, Knn, Metric, Named, Neighbour, Neighbours, Relevance, Report, Result, Rows,
    Scores, Scoring, Similarity, SingleLabel, relevance::check_rows, scores::check_metrics,
};
use std::ops::Range;

/// Something of the queries, and the same of the index.
#[derive(Clone, Copy, Debug)]
pub struct Sides<T> {
    /// The queries'.
    pub query: T,
    /// The index's.
    pub index: T,
}

/// One side of a retrieval: embeddings with what is known about them.
#[derive(Clone, Copy, Debug)]
pub struct Retrieval<'a> {
    /// `[rows, D]`.
    pub embeddings: Rows<'a>,
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

    /// Searches and scores: the means of [`Evaluation::scores`].
    ///
    /// # Errors
    /// Those of [`Evaluation::scores`].
    pub fn run(&self, query: Retrieval<'_>, index: Retrieval<'_>) -> Result<Report> {
        Report::of(&self.scores(query, index)?)
    }

    /// Searches and scores every query. An index row is relevant to a query when its label is the same and, where both sides have
    /// domains, its domain too. In a merged index without domains the labels alone decide, and each of the queries' domains has its means.
    ///
    /// # Errors
    /// Those of [`Evaluation::scores_with`]; [`Error::Length`] when labels or domains are not one for each row, [`Error::NoDomains`] when
    /// the index alone has domains.
    pub fn scores(&self, query: Retrieval<'_>, index: Retrieval<'_>) -> Result<Scores> {
        query.check("query labels", "query domains")?;
        index.check("index labels", "index domains")?;
        let embeddings = Sides { query: query.embeddings, index: index.embeddings };
        let domains = match (query.domains, index.domains) {
            (Some(query), Some(index)) => Sides { query, index },
            (Some(_), None) if self.scope == IndexScope::PerDomain => {
                return Err(Error::NoDomains { what: "index", remedy: SEPARATE });
            }
            (own, None) => {
                let relevance = SingleLabel::new(query.labels.iter().copied(), index.labels.iter().copied());
                let one = Domains::from_names(std::iter::repeat_n("", index.labels.len()));
                return self.scores_with(
                    embeddings,
                    &relevance,
                    own.map(|query| Sides { query, index: &one }),
                );
            }
            (None, Some(_)) => return Err(Error::NoDomains { what: "query", remedy: ONE_SIDED }),
        };
        // Domains are matched by name: each counts as its position in the query's list.
        let pairs = |side: &Retrieval<'_>, own: &Domains| {
            let position = |row: usize| domains.query.names().iter().position(|name| name == own.name(row));
            side.labels.iter().enumerate().map(|(row, &label)| (position(row), label)).collect::<Vec<_>>()
        };
        let relevance = SingleLabel::new(pairs(&query, domains.query), pairs(&index, domains.index));
        self.scores_with(embeddings, &relevance, Some(domains))
    }

    /// Searches and scores with a relevance of your own: the means of [`Evaluation::scores_with`].
    ///
    /// # Errors
    /// Those of [`Evaluation::scores_with`].
    pub fn run_with(
        &self,
        embeddings: Sides<Rows<'_>>,
        relevance: &impl Relevance,
        domains: Option<Sides<&Domains>>,
    ) -> Result<Report> {
        Report::of(&self.scores_with(embeddings, relevance, domains)?)
    }

    /// Searches and scores every query with a relevance of your own.
    ///
    /// Metrics that look at a whole ranking are computed for some queries at a time, so that the neighbours held are bounded.
    ///
    /// # Errors
    /// Those of [`Knn::search`] and [`Scoring::of`]; [`Error::NoDomains`] when [`IndexScope::PerDomain`] has none to go by.
    pub fn scores_with(
        &self,
        embeddings: Sides<Rows<'_>>,
        relevance: &impl Relevance,
        domains: Option<Sides<&Domains>>,
    ) -> Result<Scores> {
        let Sides { query, index } = embeddings;
        check_metrics(&self.metrics)?;
        check_rows(relevance, query.len(), index.len())?;
        if let Some(domains) = domains {
            check_length("query domains", domains.query.len(), query.len())?;
            check_length("index domains", domains.index.len(), index.len())?;
        } else if self.scope == IndexScope::PerDomain {
            return Err(Error::NoDomains { what: "query", remedy: SEPARATE });
        }
        self.exclude.check(query.len(), index.len())?;
        let scoring = Scoring { metrics: &self.metrics, relevance, exclude: &self.exclude };
        let k = scoring.k().max(1);
        let step = (HELD_NEIGHBOURS / k.min(index.len()).max(1)).max(1);
        let mut queries = Vec::with_capacity(query.len());
        for first in (0..query.len()).step_by(step) {
            let part = Part { rows: first..query.len().min(first + step), all: query.len() };
            let exclude = part.exclude(&self.exclude);
            let knn = Knn { k, similarity: self.similarity, exclude: exclude.clone(), ..Knn::default() };
            let own = Sides { query: query.slice(part.rows.clone()), index };
            let neighbours = match (self.scope, domains) {
                (IndexScope::PerDomain, Some(domains)) => {
                    let query = domains.query.slice(part.rows.clone());
                    search_per_domain(&knn, own, Sides { query: &query, index: domains.index })?
                }
                _ => knn.search(own.query, own.index)?,
            };
            let relevance = &RelevanceOf { all: relevance, rows: part.rows };
            queries.extend(Scoring { metrics: &self.metrics, relevance, exclude: &exclude }.of(&neighbours)?);
        }
        if query.is_empty() {
            return Err(Error::Empty { what: "query" });
        }
        let groups: Named<Vec<usize>> = match domains {
            Some(Sides { query, .. }) => {
                let group = |name: &String| (name.clone(), query.rows_of(name));
                query.names().iter().map(group).filter(|(_, rows)| !rows.is_empty()).collect()
            }
            None => Named::from_iter([]),
        };
        Ok(Scores { metrics: self.metrics.clone(), queries, groups, similarity: self.similarity })
    }
}

/// Neighbours that are held at a time: 256 MB.
const HELD_NEIGHBOURS: usize = 32 << 20;

/// Some of the queries, one after the other.
struct Part {
    rows: Range<usize>,
    /// Q.
    all: usize,
}

impl Part {
    /// What these queries leave out.
    fn exclude(&self, exclude: &Exclude) -> Exclude {
        if self.rows.len() == self.all {
            return exclude.clone();
        }
        match exclude {
            Exclude::Nothing => Exclude::Nothing,
            _ => Exclude::Rows(self.rows.clone().map(|query| exclude.row(query)).collect()),
        }
    }
}

/// The relevance to some of the queries, one after the other.
struct RelevanceOf<'a, R> {
    all: &'a R,
    rows: Range<usize>,
}

impl<R: Relevance> Relevance for RelevanceOf<'_, R> {
    fn queries(&self) -> usize {
        self.rows.len()
    }

    fn index(&self) -> usize {
        self.all.index()
    }

    fn relevant(&self, query: usize, index: usize) -> bool {
        self.all.relevant(self.rows.start + query, index)
    }

    fn count(&self, query: usize) -> usize {
        self.all.count(self.rows.start + query)
    }
}

const SEPARATE: &str = "a separate index for each domain needs the domain of every row";
const ONE_SIDED: &str = "give the domain of every row on both sides or on neither";

impl Retrieval<'_> {
    /// Checks that there is a label and, where there are domains, a domain for each row; the two are named in the message.
    fn check(&self, labels: &'static str, domains: &'static str) -> Result<()> {
        check_length(labels, self.labels.len(), self.embeddings.len())?;
        self.domains.map_or(Ok(()), |d| check_length(domains, d.len(), self.embeddings.len()))
    }
}

fn check_length(what: &'static str, got: usize, rows: usize) -> Result<()> {
    if got == rows { Ok(()) } else { Err(Error::Length { what, got, rows }) }
}

/// Searches each domain's queries in its own index rows; the ids that come back are rows of the whole index.
fn search_per_domain(knn: &Knn, embeddings: Sides<Rows<'_>>, domains: Sides<&Domains>) -> Result<Neighbours> {
    let Sides { query, index } = embeddings;
    if query.dim() != index.dim() {
        return Err(Error::Dim { query: query.dim(), index: index.dim() });
    }
    // Here a message can still name the caller's rows.
    query.checked_norms("query")?;
    index.checked_norms("index")?;
    knn.exclude.check(query.len(), index.len())?;
    let mut found: Vec<Vec<Neighbour>> = vec![Vec::new(); query.len()];
    for name in domains.query.names() {
        let (queries, rows) = (domains.query.rows_of(name), domains.index.rows_of(name));
        if queries.is_empty() || rows.is_empty() {
            continue;
        }
        let own = |&q: &usize| {
            knn.exclude.row(q).and_then(|row| rows.binary_search(&(row as usize)).ok()).map(|at| at as u32)
        };
        let exclude = Exclude::Rows(queries.iter().map(own).collect());
        let (query_data, index_data) = (query.gather(&queries), index.gather(&rows));
        let part = Knn { exclude, ..knn.clone() }
            .search(Rows::new(&query_data, query.dim())?, Rows::new(&index_data, index.dim())?)?;
        for (&q, neighbours) in queries.iter().zip(part.rows()) {
            found[q] =
                neighbours.iter().map(|n| Neighbour { id: rows[n.id as usize] as u32, ..*n }).collect();
        }
    }
    Ok(Neighbours::from_rows(knn.k, found))
}
