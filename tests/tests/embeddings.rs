//! `mdfe embed` and what may be compared with what.
#![allow(clippy::unwrap_used)]

mod support;
use mdfe_data::Embeddings;
use support::{backbone, error, image_folder, json, ok, start, wait_for, write};

const SIZE: &str = "--batch 4";

#[test]
fn labels_travel_by_name_between_folders_lists_and_files() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 3);
    let embed = format!("embed {} {SIZE} --input", backbone());
    ok(dir, &format!("{embed} set --output folder.safetensors"));
    let folder = Embeddings::read(&dir.join("folder.safetensors")).unwrap();
    assert_eq!(
        (folder.len(), folder.label_name(3).as_deref(), folder.domains.is_none()),
        (12, Some("class1"), true)
    );
    assert_eq!(folder.paths.get(3), Some("set/class1/0.png"));

    // Another order of the classes, a subset, and a split column of which all rows count.
    let rows: String = [3, 1]
        .iter()
        .flat_map(|c| {
            (0..3).map(move |i| {
                format!("class{c}/{i}.png,class{c},{}\n", if i == 0 { "train" } else { "test" })
            })
        })
        .collect();
    write(&dir.join("set/list.csv"), format!("path,label,split\n{rows}"));
    ok(dir, &format!("{embed} set/list.csv --output list.safetensors"));
    let list = Embeddings::read(&dir.join("list.safetensors")).unwrap();
    assert_eq!((list.len(), list.label_name(0).as_deref()), (6, Some("class3")));
    let model = backbone();
    let queries = |line: &str| json(dir, line)["queries"].as_u64().unwrap();
    assert_eq!(queries(&format!("evaluate --query set/list.csv {model}")), 6, "not its train rows alone");
    assert_eq!(queries(&format!("evaluate --query set/list.csv --split test {model}")), 4);

    // Every mix of sides finds each query's own image, of its own class: the names decide, not the numbers.
    for query in ["list.safetensors", "set/list.csv"] {
        for index in ["folder.safetensors", "set"] {
            let report = json(dir, &format!("evaluate --query {query} --index {index} {model}"));
            assert_eq!(report["overall"]["R@1"], 1.0, "{query} against {index}");
        }
    }
    // Numbers without names are their own names.
    let mut numbers = folder.clone();
    numbers.label_names = Default::default();
    numbers.write(&dir.join("numbers.safetensors")).unwrap();
    write(&dir.join("set/n.csv"), "path,label\nclass2/0.png,2\nclass0/0.png,0\n");
    let report = json(dir, &format!("evaluate --query set/n.csv --index numbers.safetensors {model}"));
    assert_eq!(report["overall"]["R@1"], 1.0);
}

#[test]
fn a_flat_folder_has_no_labels_and_scores_need_them() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 1, 3);
    ok(dir, &format!("embed {} {SIZE} --input set/class0 --output flat.safetensors", backbone()));
    assert!(Embeddings::read(&dir.join("flat.safetensors")).unwrap().labels.is_none());
    let message = error(dir, "evaluate --query flat.safetensors");
    assert!(message.contains("flat.safetensors") && message.contains("labels"), "{message}");
}

#[test]
fn embeddings_of_two_models_of_one_width_are_not_compared() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 3);
    let train = format!("train --data set {} --set backbone.image_size=32 --set train.epochs=1", backbone());
    for (run, seed) in [("a", 1), ("b", 2)] {
        ok(dir, &format!("{train} --set train.seed={seed} --run-dir runs/{run}"));
        let weights = support::weights();
        ok(
            dir,
            &format!(
                "embed --model runs/{run} --weights {} --input set --output {run}.safetensors",
                weights.display()
            ),
        );
    }
    let message = error(dir, "evaluate --query a.safetensors --index b.safetensors");
    for part in ["a.safetensors", "b.safetensors", "64-d embedder", "same model"] {
        assert!(message.contains(part), "{message}");
    }
    ok(dir, "evaluate --query a.safetensors --index a.safetensors");
    let search =
        format!("search --model runs/b --weights {} --query set/class0/0.png", support::weights().display());
    let message = error(dir, &format!("{search} --index a.safetensors"));
    assert!(message.contains("a.safetensors") && message.contains("same model"), "{message}");
    ok(dir, &format!("{search} --index b.safetensors"));
}

#[test]
fn a_killed_embedding_goes_on_and_publishes_the_file_of_an_unbroken_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 2);
    // One image under many names, so that there is more than one part of 512.
    let rows: String = (0..600).map(|i| format!("class{}/{}.png,{}\n", i % 3, i % 2, i % 3)).collect();
    write(&dir.join("set/many.csv"), format!("path,label\n{rows}"));
    let line =
        |output: &str| format!("embed {} --batch 64 --input set/many.csv --output {output}", backbone());
    ok(dir, &line("whole.safetensors"));
    let mut child = start(dir, &line("killed.safetensors"));
    let part = dir.join("killed.safetensors.parts/part-000000.safetensors");
    wait_for(&mut child, || part.exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.join("killed.safetensors").exists(), "nothing is published before it is whole");
    let before = std::fs::metadata(&part).unwrap().modified().unwrap();
    // Whether the part is written again shows until the whole is published.
    let mut child = start(dir, &line("killed.safetensors"));
    let kept = || std::fs::metadata(&part).ok().and_then(|m| m.modified().ok()).is_none_or(|at| at == before);
    while child.try_wait().unwrap().is_none() {
        assert!(kept(), "a whole part was written again");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(child.wait().unwrap().success());
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    assert!(read("whole.safetensors") == read("killed.safetensors"));
    assert!(!dir.join("killed.safetensors.parts").exists());
}
