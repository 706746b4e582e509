//! Index rows that a query must not find.

use crate::{Error, Result};

/// Which index row each query leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Exclude {
    /// Every index row may be found; query and index are different images.
    #[default]
    Nothing,
    /// Leave-one-out: query and index are the same rows, and query `i` does not find row `i`. Copies of an image under
    /// another row id are found.
    SameRow,
    /// Query `i` does not find row `rows[i]`, where there is one, `[Q]`; for an index that holds some of the queries.
    Rows(Vec<Option<u32>>),
}

impl Exclude {
    /// The index row that `query` leaves out.
    pub fn row(&self, query: usize) -> Option<u32> {
        match self {
            Exclude::Nothing => None,
            Exclude::SameRow => Some(query as u32),
            Exclude::Rows(rows) => rows.get(query).copied().flatten(),
        }
    }

    /// Checks the exclusion against Q, where N is not known yet.
    pub(crate) fn check_queries(&self, queries: usize) -> Result<()> {
        match self {
            Exclude::Rows(rows) if rows.len() != queries => {
                Err(Error::Length { what: "rows to exclude", got: rows.len(), rows: queries })
            }
            _ => Ok(()),
        }
    }

    /// Checks the exclusion against Q and N.
    pub(crate) fn check(&self, queries: usize, index: usize) -> Result<()> {
        match self {
            Exclude::Nothing => Ok(()),
            Exclude::SameRow if queries != index => Err(Error::NotTheSameRows { queries, index }),
            Exclude::SameRow => Ok(()),
            Exclude::Rows(rows) => {
                self.check_queries(queries)?;
                let bad = rows
                    .iter()
                    .enumerate()
                    .find_map(|(q, r)| r.filter(|&r| r as usize >= index).map(|r| (q, r)));
                bad.map_or(Ok(()), |(query, row)| Err(Error::ExcludedRow { query, row, index }))
            }
        }
    }
}
