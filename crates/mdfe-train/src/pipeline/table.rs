//! The table that a run ends with.

use crate::Comparison;
use mdfe_eval::{Metrics, Report};

/// The scores of a comparison as text: a line overall and one per domain, mMP@k and R@1 of raw features, pooled features and
/// the trained embedding, four decimals.
pub fn table(comparison: &Comparison, feature_dim: usize, embed_dim: usize, k: usize) -> String {
    let (scored, trained) = (comparison.scored(), &comparison.trained);
    let width = trained.domains.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max(8);
    let mut out = format!("{:width$}", "");
    for embedding in &scored {
        let dim = if embedding.name == "raw" { feature_dim } else { embed_dim };
        out += &format!("  {:^17}", format!("{} {dim}-d", embedding.name));
    }
    out += &format!("\n{:width$}", "");
    for _ in &scored {
        out += &format!("  {:>8} {:>8}", format!("mMP@{k}"), "R@1");
    }
    let mut line = |name: &str, pick: &dyn Fn(&Report) -> Option<Metrics>| {
        out += &format!("\n{name:width$}");
        for embedding in &scored {
            let metrics = pick(embedding.report);
            let score = |metric: &str| metrics.as_ref().and_then(|m| m.get(metric).copied().flatten());
            for metric in [format!("mMP@{k}"), "R@1".to_owned()] {
                let gap = if metric == "R@1" { " " } else { "  " };
                out += gap;
                out += &score(&metric).map_or_else(|| format!("{:>8}", "-"), |v| format!("{v:>8.4}"));
            }
        }
    };
    line("overall", &|report| Some(report.overall.clone()));
    for (domain, _) in trained.domains.iter() {
        line(domain, &|report| report.domains.get(domain).cloned());
    }
    let (queries, without) = (trained.queries, trained.queries_without_relevant);
    out += &format!("\n{queries} queries");
    if without > 0 {
        out += &format!(", {without} of them with nothing to find (left out of the means)");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdfe_eval::{Evaluation, Retrieval, Vectors};
    use mdfe_model::Projection;

    #[test]
    fn table_and_json_call_the_embeddings_by_the_same_names() {
        let vectors = Vectors::new(&[1.0, 0.1, 0.9, 0.2, 0.1, 1.0, 0.2, 0.8], 2).unwrap();
        let side = Retrieval { vectors, labels: &[0, 0, 1, 1], domains: None };
        let projection = Projection::linear(vec![1.0, 0.0], vec![0.0]).unwrap();
        let found = crate::compare(&projection, side, side, &Evaluation::leave_one_out()).unwrap();
        let json = serde_json::to_value(&found).unwrap();
        let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["raw", "pooled", "trained"]);
        let text = table(&found, 2, 1, 5);
        let head: Vec<&str> = text.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(head, ["raw", "2-d", "pooled", "1-d", "trained", "1-d"]);
        for scored in found.scored() {
            assert_eq!(serde_json::to_value(scored.report).unwrap(), json[scored.name]);
        }
        assert_ne!(json["raw"], json["trained"]);
    }
}
