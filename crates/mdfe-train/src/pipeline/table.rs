//! The table that a run ends with.

use super::{MeanScores, Scores, SetScores};
use mdfe_eval::Metrics;

/// Widths of the embeddings in a table's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// D_in.
    pub feature_dim: usize,
    /// D.
    pub embed_dim: usize,
}

/// A line: its name, and the metrics of raw, pooled and trained.
struct Line<'a> {
    name: String,
    metrics: [Option<&'a Metrics>; 3],
}

/// The scores of a run as text: a line overall and one per domain for each test set, then the mean where there are several; mMP@k and R@1 of
/// raw features, pooled features and the trained embedding, four decimals. The protocol stands below.
pub fn table(scores: &Scores, widths: Widths, k: usize) -> String {
    let several = scores.sets.len() > 1;
    let mut lines: Vec<Line<'_>> = scores.sets.iter().flat_map(|set| lines_of(set, several)).collect();
    lines.extend(scores.mean.as_ref().map(|MeanScores { raw, pooled, trained }| Line {
        name: "mean".to_owned(),
        metrics: [Some(raw), Some(pooled), Some(trained)],
    }));
    let width = lines.iter().map(|line| line.name.len()).max().unwrap_or(0).max(8);
    let mut out = format!("{:width$}", "");
    for (name, dim) in
        [("raw", widths.feature_dim), ("pooled", widths.embed_dim), ("trained", widths.embed_dim)]
    {
        out += &format!("  {:^17}", format!("{name} {dim}-d"));
    }
    out += &format!("\n{:width$}", "");
    for _ in 0..3 {
        out += &format!("  {:>8} {:>8}", format!("mMP@{k}"), "R@1");
    }
    for Line { name, metrics } in lines {
        out += &format!("\n{name:width$}");
        for metrics in metrics {
            for (gap, metric) in [("  ", format!("mMP@{k}")), (" ", "R@1".to_owned())] {
                let value = metrics.and_then(|m| m.get(&metric).copied().flatten());
                out += gap;
                out += &value.map_or_else(|| format!("{:>8}", "-"), |v| format!("{v:>8.4}"));
            }
        }
    }
    for set in &scores.sets {
        let trained = &set.comparison.trained;
        let name = if several { format!("{}: ", set.name) } else { String::new() };
        out += &format!("\n{name}{} queries; {}", trained.queries, set.protocol);
        if trained.queries_without_relevant > 0 {
            let without = trained.queries_without_relevant;
            out += &format!("; {without} of them with nothing to find (left out of the means)");
        }
    }
    out
}

fn lines_of(set: &SetScores, several: bool) -> Vec<Line<'_>> {
    let reports = [&set.comparison.raw, &set.comparison.pooled, &set.comparison.trained];
    let name = if several { set.name.clone() } else { "overall".to_owned() };
    let mut lines = vec![Line { name, metrics: reports.map(|report| Some(&report.overall)) }];
    for (domain, _) in set.comparison.trained.domains.iter() {
        let name = if several { format!("  {domain}") } else { domain.to_owned() };
        lines.push(Line { name, metrics: reports.map(|report| report.domains.get(domain)) });
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::Protocol;
    use mdfe_eval::{Evaluation, Retrieval, Rows};
    use mdfe_model::Projection;

    fn set(name: &str) -> SetScores {
        let rows = Rows::new(&[1.0, 0.1, 0.9, 0.2, 0.1, 1.0, 0.2, 0.8], 2).unwrap();
        let side = Retrieval { embeddings: rows, labels: &[0, 0, 1, 1], domains: None };
        let projection = Projection::linear(vec![1.0, 0.0], vec![0.0]).unwrap();
        let comparison =
            crate::compare(&projection, side, side, &Evaluation::leave_one_out()).unwrap().comparison;
        SetScores { name: name.into(), protocol: Protocol::LeaveOneOut, comparison }
    }

    #[test]
    fn table_and_json_call_the_embeddings_by_the_same_names() {
        let scores = Scores::new(vec![set("toy")]);
        let json = serde_json::to_value(&scores).unwrap();
        let keys: Vec<&String> = json["sets"][0].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["name", "protocol", "raw", "pooled", "trained"]);
        let text = table(&scores, Widths { feature_dim: 2, embed_dim: 1 }, 5);
        let head: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(head, ["raw", "2-d", "pooled", "1-d", "trained", "1-d"]);
        for scored in scores.sets[0].comparison.scored() {
            assert_eq!(serde_json::to_value(scored.report).unwrap(), json["sets"][0][scored.name]);
        }
        assert_ne!(json["sets"][0]["raw"], json["sets"][0]["trained"]);
        assert!(text.ends_with("4 queries; every image searches the others"), "{text}");
        assert!(json.get("mean").is_none());
    }

    #[test]
    fn several_sets_have_their_rows_and_then_the_mean() {
        let scores = Scores::new(vec![set("a"), set("b")]);
        let text = table(&scores, Widths { feature_dim: 2, embed_dim: 1 }, 5);
        let names: Vec<&str> =
            text.lines().skip(2).map(|line| line.split_whitespace().next().unwrap()).collect();
        assert_eq!(names, ["a", "b", "mean", "a:", "b:"]);
        let mean = scores.mean.unwrap();
        assert_eq!(mean.raw.get("mMP@5"), scores.sets[0].comparison.raw.overall.get("mMP@5"));
    }
}
