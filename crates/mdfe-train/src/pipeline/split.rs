//! What training does not see, for users who have no test set yet.

use super::{Protocol, TestSet};
use crate::{Error, Result, random::shuffle};
use mdfe_data::{Dataset, Sample};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Classes with two images from which on whole classes are held out.
const ENOUGH_CLASSES: usize = 30;
/// Classes that are held out at least.
const LEAST_CLASSES: usize = 10;

/// Splits off a test set: whole classes where at least 30 have two images, max(10, a tenth) of them, drawn with `seed`; else one image in
/// five of each class, at least one where a class has two, whose index is what stays for training. Returns (training, test set); labels are
/// dense in both.
///
/// # Errors
/// [`Error::Data`] when no class has two images: nothing could be found.
pub fn hold_out(dataset: &Dataset, seed: u64) -> Result<(Dataset, TestSet)> {
    let pairs = pairs(dataset);
    if pairs.is_empty() {
        return Err(Error::Data(format!(
            "no class of {} has two images, so that nothing could be found; give a test set with --query",
            dataset.root.display()
        )));
    }
    if pairs.len() < ENOUGH_CLASSES {
        Ok(hold_out_images(dataset, seed))
    } else {
        Ok(hold_out_classes(dataset, pairs, seed))
    }
}

/// Splits off what a training is validated on: a share of the classes that have two images, at least two classes, drawn with `seed`; `None`
/// for a share of 0. Returns (training, validation).
///
/// # Errors
/// [`Error::Data`] when fewer than four classes have two images.
pub fn validation(dataset: &Dataset, share: f64, seed: u64) -> Result<Option<(Dataset, Dataset)>> {
    if share <= 0.0 {
        return Ok(None);
    }
    let candidates = pairs(dataset);
    if candidates.len() < 4 {
        return Err(Error::Data(format!(
            "{} classes of {} have two images, too few to validate on some of them; set valid.classes to 0",
            candidates.len(),
            dataset.root.display()
        )));
    }
    let wanted = ((candidates.len() as f64 * share).round() as usize).clamp(2, candidates.len() - 2);
    let out = drawn(dataset, candidates, wanted, seed);
    let valid = part(dataset, |_, class| out[class], "validation");
    Ok(Some((rest(dataset, |_, class| !out[class]), valid)))
}

/// The classes that have two images.
fn pairs(dataset: &Dataset) -> Vec<usize> {
    let counts = dataset.class_counts();
    (0..counts.len()).filter(|&class| counts[class] >= 2).collect()
}

/// Which classes are drawn: `wanted` of `candidates`.
fn drawn(dataset: &Dataset, mut candidates: Vec<usize>, wanted: usize, seed: u64) -> Vec<bool> {
    shuffle(&mut candidates, &mut ChaCha8Rng::seed_from_u64(seed));
    let mut out = vec![false; dataset.num_classes()];
    candidates[..wanted].iter().for_each(|&class| out[class] = true);
    out
}

/// Whole classes, drawn among `candidates`.
fn hold_out_classes(dataset: &Dataset, candidates: Vec<usize>, seed: u64) -> (Dataset, TestSet) {
    let tenth = (dataset.num_classes() as f64 / 10.0).round() as usize;
    let wanted = tenth.max(LEAST_CLASSES).min(candidates.len());
    let out = drawn(dataset, candidates, wanted, seed);
    let query = part(dataset, |_, class| out[class], "held-out");
    let protocol = Protocol::HeldOutClasses { classes: wanted, seed };
    let test = TestSet { name: query.name.clone(), query, index: None, protocol };
    (rest(dataset, |_, class| !out[class]), test)
}

/// One image in five of each class.
fn hold_out_images(dataset: &Dataset, seed: u64) -> (Dataset, TestSet) {
    let mut rows_of = vec![Vec::new(); dataset.num_classes()];
    for (row, sample) in dataset.samples.iter().enumerate() {
        rows_of[sample.class as usize].push(row);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut out = vec![false; dataset.samples.len()];
    for mut rows in rows_of.into_iter().filter(|rows| rows.len() >= 2) {
        shuffle(&mut rows, &mut rng);
        let wanted = (rows.len() / 5).max(1);
        rows[..wanted].iter().for_each(|&row| out[row] = true);
    }
    let query = part(dataset, |row, _| out[row], "held-out");
    let train = rest(dataset, |row, _| !out[row]);
    let protocol = Protocol::HeldOutImages { seed };
    let test = TestSet {
        name: query.name.clone(),
        query,
        index: Some(part(dataset, |row, _| !out[row], "train")),
        protocol,
    };
    (train, test)
}

/// What is left for training, with what could not be read of the whole.
fn rest(dataset: &Dataset, keep: impl Fn(usize, usize) -> bool) -> Dataset {
    Dataset { skipped: dataset.skipped.clone(), ..part(dataset, keep, "train") }
}

/// The samples for which `keep` holds, by row and class; relabelled without gaps.
fn part(dataset: &Dataset, keep: impl Fn(usize, usize) -> bool, name: &str) -> Dataset {
    let kept: Vec<&Sample> = dataset
        .samples
        .iter()
        .enumerate()
        .filter(|(row, sample)| keep(*row, sample.class as usize))
        .map(|(_, sample)| sample)
        .collect();
    let mut used = vec![false; dataset.num_classes()];
    kept.iter().for_each(|sample| used[sample.class as usize] = true);
    let classes: Vec<usize> = (0..used.len()).filter(|&class| used[class]).collect();
    let mut label = vec![0; dataset.num_classes()];
    classes.iter().enumerate().for_each(|(new, &old)| label[old] = new as u32);
    Dataset {
        name: format!("{}-{name}", dataset.name),
        root: dataset.root.clone(),
        samples: kept.into_iter().map(|s| Sample { class: label[s.class as usize], ..s.clone() }).collect(),
        class_names: classes.iter().map(|&class| dataset.class_names[class].clone()).collect(),
        skipped: Vec::new(),
        multi_label: dataset.multi_label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdfe_data::Domain;

    /// Class c has `per_class(c)` images.
    fn toy(classes: u32, per_class: impl Fn(u32) -> usize) -> Dataset {
        let sample = |class: u32, i: usize| Sample {
            path: format!("{class}/{i}.png").into(),
            class,
            domain: Domain::new("images"),
        };
        let samples = (0..classes).flat_map(|c| (0..per_class(c)).map(move |i| sample(c, i))).collect();
        let class_names = (0..classes).map(|c| format!("class {c}")).collect();
        Dataset { name: "toy".into(), root: "/".into(), samples, class_names, ..Dataset::default() }
    }

    /// Every sample is still of the class that its path names.
    fn check(part: &Dataset) {
        for s in &part.samples {
            let class = s.path.to_string_lossy().split('/').next().map(|c| format!("class {c}"));
            assert_eq!(class.as_ref(), Some(&part.class_names[s.class as usize]));
        }
    }

    #[test]
    fn held_out_classes_are_whole_unseen_and_have_something_to_find() {
        // Class 0 has one image and cannot be a query.
        let all = toy(40, |class| class as usize % 3 + 1 + usize::from(class > 0));
        let (train, test) = hold_out(&all, 7).unwrap();
        assert_eq!((train.num_classes(), test.query.num_classes()), (30, 10));
        assert_eq!(test.protocol, Protocol::HeldOutClasses { classes: 10, seed: 7 });
        assert_eq!((train.samples.len() + test.query.samples.len(), test.index), (all.samples.len(), None));
        assert!(train.class_names.contains(&"class 0".to_owned()));
        assert!(test.query.class_names.iter().all(|name| !train.class_names.contains(name)));
        check(&train);
        check(&test.query);
        assert_eq!(
            hold_out(&all, 7).unwrap().1.query,
            test.query,
            "the same seed holds out the same classes"
        );
        let others = (0..20).filter(|&seed| hold_out(&all, seed).unwrap().1.query != test.query).count();
        assert!(others > 15, "{others} of 20 other seeds hold out other classes");
        assert_eq!(hold_out(&toy(300, |_| 2), 0).unwrap().1.query.num_classes(), 30, "a tenth of many");
    }

    #[test]
    fn few_classes_hold_out_one_image_in_five_and_search_the_training_images() {
        let all = toy(14, |class| if class == 0 { 1 } else { 10 });
        let (train, test) = hold_out(&all, 3).unwrap();
        assert_eq!(test.protocol, Protocol::HeldOutImages { seed: 3 });
        assert_eq!((test.query.samples.len(), train.samples.len()), (26, 105));
        assert_eq!(test.index.as_ref(), Some(&train));
        assert_eq!((train.num_classes(), test.query.num_classes()), (14, 13));
        check(&train);
        check(&test.query);
        assert!(test.query.samples.iter().all(|s| train.samples.iter().all(|t| t.path != s.path)));
        // A class of two gives one query.
        assert_eq!(hold_out(&toy(2, |_| 2), 0).unwrap().1.query.samples.len(), 2);
        let message = hold_out(&toy(5, |_| 1), 0).unwrap_err().to_string();
        assert!(message.contains("two images"), "{message}");
    }
}
