//! When to answer "no match": the score from which on the nearest neighbour is to be believed.

use crate::Scores;
use serde::Serialize;

/// The score at which the nearest neighbours are right often enough.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MatchThreshold {
    /// A query is answered where its nearest neighbour's score is at least this near.
    pub score: f32,
    /// Share of the answered queries whose nearest neighbour is relevant.
    pub precision: f64,
    /// Share of all queries that are answered.
    pub answered: f64,
    /// Share of the queries with something relevant that are answered rightly; `None` where there are none.
    pub recall: Option<f64>,
}

impl Scores {
    /// The threshold that answers the most queries with at least this precision (0 to 1); `None` where no threshold reaches it.
    ///
    /// A query to which nothing is relevant can only be answered wrongly: they stand for what an open world brings. The more of them there
    /// are among the queries, the higher the threshold.
    pub fn match_threshold(&self, precision: f64) -> Option<MatchThreshold> {
        let mut nearest: Vec<(f32, bool)> = (self.queries.iter())
            .filter_map(|query| query.neighbours.first())
            .map(|nearest| (self.similarity.nearness(nearest.score), nearest.relevant))
            .collect();
        nearest.sort_by(|a, b| b.0.total_cmp(&a.0));
        let with_match = self.queries.iter().filter(|query| query.relevant > 0).count();
        let (mut right, mut best) = (0usize, None);
        for (at, &(nearness, relevant)) in nearest.iter().enumerate() {
            right += usize::from(relevant);
            // Equal scores are answered together.
            let ends = nearest.get(at + 1).is_none_or(|next| next.0 < nearness);
            let found = right as f64 / (at + 1) as f64;
            if ends && found >= precision {
                best = Some(MatchThreshold {
                    score: self.similarity.nearness(nearness),
                    precision: found,
                    answered: (at + 1) as f64 / self.queries.len() as f64,
                    recall: (with_match > 0).then(|| right as f64 / with_match as f64),
                });
            }
        }
        best
    }
}
