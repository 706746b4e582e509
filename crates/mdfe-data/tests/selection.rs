//! Selection, by property.

// Helpers of a test may fail as loudly as the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mdfe_data::{Dataset, Domain, DropReason, Sample, Selection};
use proptest::prelude::*;
use std::collections::{BTreeMap, HashSet};

fn dataset(classes: &[u32]) -> Dataset {
    let domain = Domain::new("d");
    let names: std::collections::BTreeSet<u32> = classes.iter().copied().collect();
    let class_names: Vec<String> = names.iter().map(u32::to_string).collect();
    let sample = |(i, class): (usize, &u32)| Sample {
        path: format!("{i}.jpg").into(),
        class: names.iter().position(|n| n == class).unwrap() as u32,
        domain: domain.clone(),
    };
    let samples = classes.iter().enumerate().map(sample).collect();
    Dataset { name: "d".to_owned(), root: "r".into(), samples, class_names, ..Dataset::default() }
}

/// Paths by class name.
fn members(dataset: &Dataset) -> BTreeMap<String, Vec<String>> {
    let mut members: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for s in &dataset.samples {
        let class = dataset.class_names[s.class as usize].clone();
        members.entry(class).or_default().push(s.path.display().to_string());
    }
    members
}

proptest! {
    #[test]
    fn what_is_kept_and_what_is_dropped_make_up_the_whole(
        classes in proptest::collection::vec(0u32..12, 1..120), min in 0usize..8, max in proptest::option::of(1usize..8),
        seed in any::<u64>(), share in 0.0f64..1.0,
    ) {
        let before = dataset(&classes);
        let eligible = before.class_counts().iter().filter(|n| **n as usize >= min).count();
        let num_classes = (eligible > 0 && share > 0.3).then(|| 1 + (share * (eligible - 1) as f64) as usize);
        let selection = Selection { min_samples: min, max_samples: max, num_classes, seed };
        let (after, dropped) = selection.apply(before.clone()).unwrap();

        // Every class keeps its name, labels are dense, in order, and none is empty.
        prop_assert!(after.class_counts().iter().all(|n| *n > 0));
        let kept: Vec<&String> = before.class_names.iter().filter(|n| after.class_names.contains(n)).collect();
        prop_assert_eq!(kept, after.class_names.iter().collect::<Vec<_>>());
        prop_assert_eq!(after.num_classes(), num_classes.unwrap_or(eligible));
        let (was, is) = (members(&before), members(&after));
        for (class, paths) in &is {
            prop_assert!(was[class].len() >= min);
            prop_assert_eq!(paths.len(), was[class].len().min(max.unwrap_or(usize::MAX)));
            // A subset in the same order.
            let set: HashSet<&String> = paths.iter().collect();
            prop_assert_eq!(paths.iter().collect::<Vec<_>>(), was[class].iter().filter(|p| set.contains(p)).collect::<Vec<_>>());
        }
        let lost: usize = dropped.iter().map(|d| d.samples).sum();
        prop_assert_eq!(after.samples.len() + lost, before.samples.len());
        let whole: usize = dropped.iter().map(|d| d.classes).sum();
        prop_assert_eq!(after.num_classes() + whole, before.num_classes());

        prop_assert_eq!(selection.apply(before).unwrap().0, after, "the same seed, the same samples");
    }

    #[test]
    fn the_samples_drawn_of_a_class_do_not_depend_on_other_classes(seed in any::<u64>(), others in 0u32..5) {
        let mine = vec![7; 20];
        let more: Vec<u32> = mine.iter().copied().chain((0..others).flat_map(|c| vec![c; 30])).collect();
        let selection = Selection { max_samples: Some(5), seed, ..Selection::default() };
        let draw = |classes: &[u32]| members(&selection.apply(dataset(classes)).unwrap().0)["7"].clone();
        prop_assert_eq!(draw(&mine), draw(&more));
    }

    #[test]
    fn fewer_classes_are_part_of_more(seed in any::<u64>(), few in 1usize..10, more in 0usize..10) {
        let classes: Vec<u32> = (0..20).collect();
        let draw = |n| {
            let selection = Selection { num_classes: Some(n), seed, ..Selection::default() };
            selection.apply(dataset(&classes)).unwrap().0.class_names.into_iter().collect::<HashSet<_>>()
        };
        prop_assert!(draw(few).is_subset(&draw(few + more)));
    }
}

#[test]
fn a_draw_is_uniform() {
    // 2 of 4 samples with 4,000 seeds: each is drawn 2,000 times, standard deviation 32; five of them either way.
    let mut counts = [0; 4];
    for seed in 0..4_000 {
        let selection = Selection { max_samples: Some(2), seed, ..Selection::default() };
        for sample in selection.apply(dataset(&[0; 4])).unwrap().0.samples {
            counts[sample.path.to_str().unwrap()[..1].parse::<usize>().unwrap()] += 1;
        }
    }
    assert!(counts.iter().all(|n| (1_840..=2_160).contains(n)), "{counts:?}");
}

#[test]
fn a_draw_is_the_same_in_every_release() {
    let selection = Selection { min_samples: 2, max_samples: Some(3), num_classes: Some(2), seed: 42 };
    let classes = [3, 1, 3, 1, 3, 1, 3, 1, 3, 2, 2, 2, 2, 5];
    let (after, dropped) = selection.apply(dataset(&classes)).unwrap();
    let paths: Vec<String> = after.samples.iter().map(|s| s.path.display().to_string()).collect();
    assert_eq!(after.class_names, GOLDEN_CLASSES);
    assert_eq!(paths, GOLDEN_PATHS);
    assert_eq!(dropped[0].reason, DropReason::BelowMin(2));
}

// Frozen when the draw was written: a change here changes the lists that users have drawn.
const GOLDEN_CLASSES: [&str; 2] = ["2", "3"];
const GOLDEN_PATHS: [&str; 6] = ["0.jpg", "4.jpg", "8.jpg", "9.jpg", "10.jpg", "12.jpg"];

#[test]
fn more_classes_than_there_are_is_an_error_that_says_how_many() {
    let selection = Selection { min_samples: 2, num_classes: Some(3), ..Selection::default() };
    let error = selection.apply(dataset(&[0, 0, 1, 1, 2])).unwrap_err().to_string();
    assert_eq!(error, "num_classes = 3 for `d`, which has 2 classes of at least 2 samples; ask for 1 to 2");
}
