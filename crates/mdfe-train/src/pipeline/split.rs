//! Classes that training does not see, for users who have no test set yet.

use crate::random::shuffle;
use mdfe_data::{Dataset, Sample};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Splits off whole classes: about `share` of them, at least one, drawn with `seed` among those with two samples or more,
/// which is what a query needs to have something to find. Returns (training, held out), labels dense in both.
pub fn hold_out_classes(dataset: &Dataset, share: f64, seed: u64) -> (Dataset, Dataset) {
    let counts = dataset.class_counts();
    let mut candidates: Vec<usize> = (0..counts.len()).filter(|&class| counts[class] >= 2).collect();
    shuffle(&mut candidates, &mut ChaCha8Rng::seed_from_u64(seed));
    let wanted = ((counts.len() as f64 * share).round() as usize).max(1).min(candidates.len());
    let mut out = vec![false; counts.len()];
    candidates[..wanted].iter().for_each(|&class| out[class] = true);
    (part(dataset, |class| !out[class], "train"), part(dataset, |class| out[class], "held-out"))
}

/// The samples of some classes, relabelled.
fn part(dataset: &Dataset, keep: impl Fn(usize) -> bool, name: &str) -> Dataset {
    let kept: Vec<usize> = (0..dataset.num_classes()).filter(|&class| keep(class)).collect();
    let mut label = vec![None; dataset.num_classes()];
    kept.iter().enumerate().for_each(|(new, &old)| label[old] = Some(new as u32));
    let relabel = |s: &Sample| label[s.class as usize].map(|class| Sample { class, ..s.clone() });
    Dataset {
        name: format!("{}-{name}", dataset.name),
        root: dataset.root.clone(),
        samples: dataset.samples.iter().filter_map(relabel).collect(),
        class_names: kept.iter().map(|&class| dataset.class_names[class].clone()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdfe_data::Domain;

    #[test]
    fn held_out_classes_are_whole_unseen_and_have_something_to_find() {
        let sample = |class: u32, i: usize| Sample {
            path: format!("{class}/{i}.png").into(),
            class,
            domain: Domain::new("images"),
        };
        // Class c has c + 1 samples, so class 0 cannot be a query.
        let samples = (0..10u32).flat_map(|c| (0..=c as usize).map(move |i| sample(c, i))).collect();
        let class_names = (0..10).map(|c| format!("class {c}")).collect();
        let all = Dataset { name: "toy".into(), root: "/".into(), samples, class_names };
        let (train, test) = hold_out_classes(&all, 0.3, 7);
        assert_eq!((train.num_classes(), test.num_classes()), (7, 3));
        assert_eq!(train.samples.len() + test.samples.len(), all.samples.len());
        assert!(train.class_names.contains(&"class 0".to_owned()));
        assert!(test.class_names.iter().all(|name| !train.class_names.contains(name)));
        for part in [&train, &test] {
            for s in &part.samples {
                let class = s.path.to_string_lossy().split('/').next().map(|c| format!("class {c}"));
                assert_eq!(class.as_ref(), Some(&part.class_names[s.class as usize]));
            }
        }
        assert_eq!(hold_out_classes(&all, 0.3, 7).1, test, "the same seed holds out the same classes");
        let others = (0..20).filter(|&seed| hold_out_classes(&all, 0.3, seed).1 != test).count();
        assert!(others > 15, "{others} of 20 other seeds hold out other classes");
    }
}
