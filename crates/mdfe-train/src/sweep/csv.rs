//! The scores of a sweep for other programs: one a line.

use super::Summary;

/// `KEY..., set, domain, metric, seeds, mean, spread`: every score of every combination, unrounded. An empty domain is the whole set.
pub(super) fn csv(summary: &Summary) -> String {
    let heads = ["set", "domain", "metric", "seeds", "mean", "spread"];
    let mut out = line(summary.keys.iter().map(String::as_str).chain(heads));
    for row in &summary.rows {
        let values: Vec<&str> =
            summary.keys.iter().map(|key| row.settings.value(key).unwrap_or_default()).collect();
        for score in &row.scores {
            let numbers = [
                score.values.len().to_string(),
                score.mean.to_string(),
                score.spread.map(|spread| spread.to_string()).unwrap_or_default(),
            ];
            let texts = [score.set.as_str(), score.domain.as_deref().unwrap_or_default(), &score.metric];
            let numbers = numbers.iter().map(String::as_str);
            out += &line(values.iter().copied().chain(texts).chain(numbers));
        }
    }
    out
}

fn line<'t>(fields: impl Iterator<Item = &'t str>) -> String {
    fields.map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

/// RFC 4180: what holds a comma, a quotation mark or a line break stands in quotation marks, those inside doubled.
fn quoted(field: &str) -> String {
    match field.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")),
        false => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::summary::tests::summary;
    use super::*;

    #[test]
    fn every_score_is_a_line() {
        let text = csv(&summary());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "loss.name,set,domain,metric,seeds,mean,spread");
        // Two sets with two metrics overall and in one domain, and their mean.
        assert_eq!(lines.len(), 1 + 2 * (2 * 4 + 2));
        assert!(lines[1].starts_with("ArcFace,one,,mMP@5,3,0.2333333333333333"), "{}", lines[1]);
        assert!(lines[3].starts_with("ArcFace,one,\"food, fresh\",mMP@5,3,"), "{}", lines[3]);
        assert_eq!(quoted("say \"a\""), "\"say \"\"a\"\"\"");
    }
}
