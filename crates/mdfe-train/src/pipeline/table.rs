//! The table that a run ends with.

use crate::Comparison;
use mdfe_eval::{Metrics, Report};

/// The scores of a comparison as text: a line overall and one per domain, mMP@k and R@1 of raw features, pooled features and
/// the trained embedding, four decimals.
pub fn table(comparison: &Comparison, feature_dim: usize, embed_dim: usize, k: usize) -> String {
    let reports = [&comparison.zero_shot, &comparison.zero_shot_pooled, &comparison.trained];
    let names =
        [format!("raw {feature_dim}-d"), format!("pooled {embed_dim}-d"), format!("trained {embed_dim}-d")];
    let width = comparison.trained.domains.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max(8);
    let mut out = format!("{:width$}", "");
    for name in &names {
        out += &format!("  {name:^17}");
    }
    out += &format!("\n{:width$}", "");
    for _ in &names {
        out += &format!("  {:>8} {:>8}", format!("mMP@{k}"), "R@1");
    }
    let mut line = |name: &str, pick: &dyn Fn(&Report) -> Option<Metrics>| {
        out += &format!("\n{name:width$}");
        for report in reports {
            let metrics = pick(report);
            let score = |metric: &str| metrics.as_ref().and_then(|m| m.get(metric).copied().flatten());
            for metric in [format!("mMP@{k}"), "R@1".to_owned()] {
                let gap = if metric == "R@1" { " " } else { "  " };
                out += gap;
                out += &score(&metric).map_or_else(|| format!("{:>8}", "-"), |v| format!("{v:>8.4}"));
            }
        }
    };
    line("overall", &|report| Some(report.overall.clone()));
    for (domain, _) in comparison.trained.domains.iter() {
        line(domain, &|report| report.domains.get(domain).cloned());
    }
    let (queries, without) = (comparison.trained.queries, comparison.trained.queries_without_relevant);
    out += &format!("\n{queries} queries");
    if without > 0 {
        out += &format!(", {without} of them with nothing to find (left out of the means)");
    }
    out
}
