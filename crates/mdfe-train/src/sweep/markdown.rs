//! The table of a sweep for people.

use super::{
    Score, Summary,
    summary::{MEAN, find},
};

/// A column of scores.
struct Column<'s> {
    head: String,
    set: &'s str,
    domain: Option<&'s str>,
    metric: String,
}

/// The whole text: a table overall, one by domain for each test set, and what was left out.
pub(super) fn markdown(summary: &Summary) -> String {
    let seeds = match summary.seeds {
        1 => "one seed".to_owned(),
        n => format!("{n} seeds: mean ± sample standard deviation"),
    };
    let mut out = format!("# Sweep of {}\n\nTrained embeddings, {seeds}.\n\n", cell(&summary.name));
    let metrics = [format!("mMP@{}", summary.k), "R@1".to_owned()];
    let sets = summary.sets();
    let mut columns = Vec::new();
    for &set in &sets {
        for metric in &metrics {
            let head = head(metric, set, sets.len());
            columns.push(Column { head, set, domain: None, metric: metric.clone() });
        }
    }
    out += &table(summary, &columns);
    for set in sets.iter().filter(|&&set| set != MEAN || sets.len() == 1) {
        let domains = domains(summary, set);
        // One domain is the whole set.
        if domains.len() < 2 {
            continue;
        }
        let mut columns = Vec::new();
        for domain in domains {
            let metric = metrics[0].clone();
            columns.push(Column { head: cell(domain), set, domain: Some(domain), metric });
        }
        out += &format!("\n## {} by domain: {}\n\n{}", metrics[0], cell(set), table(summary, &columns));
    }
    if !summary.skipped.is_empty() {
        out += "\n## Skipped\n\n";
        for skipped in &summary.skipped {
            out += &format!("- {}: {}\n", cell(&skipped.settings.to_string()), skipped.reason);
        }
    }
    if !summary.failed.is_empty() {
        out += "\n## Failed\n\n";
        for run in &summary.failed {
            let settings = cell(&run.settings.to_string());
            out += &format!("- {settings} seed {} ({}): {}\n", run.seed, run.dir.display(), run.reason);
        }
    }
    out
}

/// A column's head: the metric, and its set where there are several.
fn head(metric: &str, set: &str, sets: usize) -> String {
    if sets > 1 { format!("{metric} {}", cell(set)) } else { metric.to_owned() }
}

/// The domains of a set, in the order of the scores.
fn domains<'s>(summary: &'s Summary, set: &str) -> Vec<&'s str> {
    let mut found: Vec<&str> = Vec::new();
    for score in summary.rows.iter().flat_map(|row| &row.scores).filter(|score| score.set == set) {
        match score.domain.as_deref() {
            Some(domain) if !found.contains(&domain) => found.push(domain),
            _ => {}
        }
    }
    found
}

fn table(summary: &Summary, columns: &[Column<'_>]) -> String {
    let keys = if summary.keys.is_empty() { vec!["run".to_owned()] } else { summary.keys.clone() };
    let heads = keys.iter().map(|key| cell(key)).chain(columns.iter().map(|column| column.head.clone()));
    let mut out = line(heads.chain(["seeds".to_owned()]));
    let rules = keys.iter().map(|_| "---").chain(columns.iter().map(|_| "---:")).chain(["---:"]);
    out += &line(rules.map(str::to_owned));
    let scores = |scores: &[Score]| {
        let of = |column: &Column<'_>| {
            let score = find(scores, column.set, column.domain, &column.metric);
            score.map_or_else(|| "-".to_owned(), value)
        };
        columns.iter().map(of).collect::<Vec<_>>()
    };
    let blank = keys.iter().skip(1).map(|_| String::new());
    out += &line(
        ["raw features".to_owned()]
            .into_iter()
            .chain(blank)
            .chain(scores(&summary.raw))
            .chain([String::new()]),
    );
    for row in &summary.rows {
        let values = keys.iter().map(|key| cell(row.settings.value(key).unwrap_or_default()));
        out += &line(values.chain(scores(&row.scores)).chain([row.runs.len().to_string()]));
    }
    out
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

/// `0.5413 ± 0.0081`.
fn value(score: &Score) -> String {
    let mean = format!("{:.4}", score.mean);
    score.spread.map_or(mean.clone(), |spread| format!("{mean} ± {spread:.4}"))
}

/// A text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::summary;

    #[test]
    fn table_has_a_row_for_each_combination_and_names_what_was_left_out() {
        let text = summary().markdown();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[4],
            "| loss.name | mMP@5 one | R@1 one | mMP@5 two | R@1 two | mMP@5 mean | R@1 mean | seeds |"
        );
        assert_eq!(lines[5], "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        assert!(lines[6].starts_with("| raw features | 0.1250 | 0.3750 |"), "{text}");
        assert!(lines[7].starts_with("| ArcFace | 0.2333 ± 0.1528 | 0.4833 ± 0.1528 |"), "{text}");
        assert!(
            lines[8].starts_with("| Cos\\|Face | 0.3000 ± 0.0000 |") && lines[8].ends_with("| 2 |"),
            "{text}"
        );
        assert!(text.contains("- loss.name=None: it takes no margin"), "{text}");
        assert!(text.contains("- loss.name=Cos\\|Face seed 2 (runs/x): it diverged"), "{text}");
        assert!(!text.contains("by domain"), "one domain with scores is the whole set");
    }
}
