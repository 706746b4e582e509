//! Embeddings and images in the formats of other programs, through the binary.
#![allow(clippy::unwrap_used)]

mod support;
use mdfe_data::Embeddings;
use std::path::Path;
use support::{
    backbone, error, features, image, image_folder, json, ok, repository, run, start, usage, wait_for, write,
};

const FORMATS: [&str; 3] = ["safetensors", "npy", "parquet"];

fn fixture(name: &str) -> String {
    repository().join("tests/reference/formats/fixtures").join(name).display().to_string()
}

#[test]
fn embeddings_are_the_same_in_every_format_and_evaluate_and_search_take_each() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 3);
    let model = backbone();
    for format in FORMATS {
        ok(dir, &format!("embed {model} --input set --output e.{format}"));
    }
    let read = |name: &str| Embeddings::read(&dir.join(name)).unwrap();
    let first = read("e.safetensors");
    assert!(first.embedder.is_some() && first.labels.is_some());
    let score = |name: &str| json(dir, &format!("evaluate --query {name}"))["overall"].clone();
    for format in FORMATS {
        let name = format!("e.{format}");
        assert_eq!(read(&name), first, "{name}");
        assert_eq!(score(&name), score("e.safetensors"), "{name}");
        let found = json(dir, &format!("search {model} --index {name} --query set/class1/2.png -k 1"));
        assert_eq!(found[0]["neighbours"][0]["path"], "set/class1/2.png", "{name}");
        for other in FORMATS {
            ok(dir, &format!("convert {name} from-{format}.{other}"));
            assert_eq!(read(&format!("from-{format}.{other}")), first, "{format} to {other}");
        }
        assert!(!dir.join(format!("e.{format}.parts")).exists());
    }
    // Those of another model are refused, whatever the format.
    let mut other = read("e.parquet");
    other.embedder.as_mut().unwrap().fingerprint = mdfe_data::identity::Fingerprint::of(b"another");
    for format in FORMATS {
        other.write(&dir.join(format!("o.{format}"))).unwrap();
        let message = error(dir, &format!("evaluate --query e.parquet --index o.{format}"));
        assert!(message.contains(&format!("o.{format}")) && message.contains("same model"), "{message}");
        let message = error(dir, &format!("search {model} --index o.{format} --query set/class0/0.png"));
        assert!(message.contains("same model"), "{message}");
    }
    let message = error(dir, "convert e.npy e.csv");
    assert!(message.contains("e.csv") && message.contains(".parquet"), "{message}");
    let message = error(dir, "convert e.npy ./e.npy");
    assert!(message.contains("both input and output"), "{message}");
    let message = usage(dir, "convert e.npy f.npy --view v.safetensors");
    assert!(message.contains("--view"), "{message}");
}

#[test]
fn a_killed_embedding_leaves_no_half_of_any_format() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 3, 2);
    let rows: String = (0..600).map(|i| format!("class{}/{}.png,{}\n", i % 3, i % 2, i % 3)).collect();
    write(&dir.join("set/many.csv"), format!("path,label\n{rows}"));
    let line =
        |output: &str| format!("embed {} --batch 64 --input set/many.csv --output {output}", backbone());
    ok(dir, &line("whole.parquet"));
    let mut child = start(dir, &line("killed.parquet"));
    wait_for(&mut child, || dir.join("killed.parquet.parts/part-000000.safetensors").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!dir.join("killed.parquet").exists());
    ok(dir, &line("killed.parquet"));
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    assert!(read("whole.parquet") == read("killed.parquet"));
}

#[test]
fn the_features_of_a_space_leave_it_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    image_folder(&dir.join("set"), 4, 3);
    ok(dir, &format!("train --data set {} --set train.epochs=1 --run-dir run", backbone()));
    let spaces = json(dir, "features list");
    let space = spaces[0]["dir"].as_str().unwrap();
    let views: Vec<_> =
        std::fs::read_dir(dir.join("run/views")).unwrap().map(|e| e.unwrap().path()).collect();
    let view = views.iter().find(|path| path.to_str().unwrap().contains("train")).unwrap_or(&views[0]);
    for format in FORMATS {
        ok(dir, &format!("convert {space} all.{format}"));
        ok(dir, &format!("convert {space} view.{format} --view {}", view.display()));
    }
    let read = |name: &str| Embeddings::read(&dir.join(name)).unwrap();
    let all = read("all.safetensors");
    assert_eq!((all.len(), all.labels.is_none(), all.paths.get(0).map(str::len)), (12, true, Some(64)));
    let part = read("view.safetensors");
    assert!(part.len() <= 12 && part.label_name(0).is_some_and(|class| class.starts_with("class")));
    for format in FORMATS {
        assert_eq!(read(&format!("all.{format}")), all, "{format}");
        assert_eq!(read(&format!("view.{format}")), part, "{format}");
    }
    // They are the backbone's embeddings: the same values under the same name.
    ok(dir, &format!("embed {} --input set --output embedded.npy", backbone()));
    let embedded = read("embedded.npy");
    assert_eq!(embedded.embedder, part.embedder);
    let row = |side: &Embeddings, i: usize| side.values[i * side.dim..(i + 1) * side.dim].to_vec();
    let path = part.paths.get(0).unwrap();
    let same = (0..12).find(|&i| embedded.paths.get(i).unwrap().ends_with(path)).unwrap();
    assert_eq!(row(&part, 0), row(&embedded, same));
}

/// A tar of images made with the labels of their classes.
fn archive(path: &Path, classes: u32, per_class: u32) {
    let mut out = Vec::new();
    let mut add = |name: &str, bytes: &[u8]| {
        let mut block = [0u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        block[156] = b'0';
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(block);
        out.extend(bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    };
    for class in 0..classes {
        for i in 0..per_class {
            let mut bytes = std::io::Cursor::new(Vec::new());
            image(class * 100 + i).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
            add(&format!("{class}-{i}.png"), bytes.get_ref());
            add(&format!("{class}-{i}.cls"), format!("class{class}").as_bytes());
        }
    }
    out.resize(out.len() + 1024, 0);
    write(path, out);
}

#[test]
fn tars_are_embedded_evaluated_searched_and_trained_on_as_files_are() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let model = backbone();
    image_folder(&dir.join("set"), 4, 4);
    archive(&dir.join("shards/x-000.tar"), 4, 4);
    ok(dir, &format!("embed {model} --input set --output files.safetensors"));
    ok(dir, &format!("embed {model} --input shards/x-{{000..000}}.tar --output tar.safetensors"));
    let read = |name: &str| Embeddings::read(&dir.join(name)).unwrap();
    let (files, tar) = (read("files.safetensors"), read("tar.safetensors"));
    assert_eq!((tar.values == files.values, tar.paths.get(5)), (true, Some("shards/x-000.tar/1-1.png")));
    assert_eq!(tar.label_name(5), files.label_name(5));
    let report = json(dir, &format!("evaluate {model} --query set --index shards/x-000.tar"));
    assert_eq!(report["overall"]["R@1"], 1.0);
    let found =
        json(dir, &format!("search {model} --index files.safetensors --query shards/x-000.tar/2-3.png -k 1"));
    assert_eq!(found[0]["neighbours"][0]["path"], "set/class2/3.png");
    // A data set of a config; its features are those of the files.
    let config = "[data]\nroot = \".\"\n[[data.train]]\nkey = \"KEY\"\nOPTION\n[train]\nepochs = 1\n";
    let extract = |key: &str, option: &str, out: &str| {
        write(&dir.join("c.toml"), config.replace("KEY", key).replace("OPTION", option));
        ok(dir, &format!("extract --config c.toml {model} --features-dir {out}"));
        features(&dir.join(out))
    };
    let of_files = extract("image_folder", "root = \"set\"", "a");
    let of_tar = extract("web_dataset", "file = \"shards/x-*.tar\"", "b");
    assert!(of_files == of_tar, "the same images give the same shards");
    ok(dir, &format!("train --data shards/x-000.tar {model} --set train.epochs=1 --run-dir run"));
    // A damaged shard is named, and counts against the limit.
    let whole = std::fs::read(dir.join("shards/x-000.tar")).unwrap();
    write(&dir.join("shards/x-001.tar"), &whole[..whole.len() / 2]);
    let line = format!("embed {model} --input shards/x-{{000..001}}.tar --output d.safetensors");
    let message = error(dir, &line);
    assert!(
        message.contains("x-001.tar") && message.contains("cut off") && message.contains("--max-bad"),
        "{message}"
    );
    let report = json(dir, &format!("{line} --max-bad 20"));
    assert_eq!(report["skipped"][0]["path"], "shards/x-001.tar", "{report}");
    write(
        &dir.join("c.toml"),
        config.replace("KEY", "web_dataset").replace("OPTION", "file = \"shards/x-*.tar\""),
    );
    let line = format!("extract --config c.toml {model} --features-dir c");
    let message = error(dir, &line);
    assert!(message.contains("x-001.tar") || message.contains("unreadable"), "{message}");
    ok(dir, &format!("{line} --max-bad 20"));
}

#[test]
fn parquet_files_of_images_are_embedded_evaluated_and_trained_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (model, file) = (backbone(), fixture("hugging_face.parquet"));
    ok(dir, &format!("embed {model} --input {file} --output e.parquet"));
    let embeddings = Embeddings::read(&dir.join("e.parquet")).unwrap();
    assert_eq!((embeddings.len(), embeddings.label_name(2).as_deref()), (5, Some("pot")));
    assert!(embeddings.paths.get(2).unwrap().ends_with("hugging_face.parquet/2/2.png"));
    let report = json(dir, &format!("evaluate {model} --query {file} --index e.parquet"));
    assert_eq!((&report["queries"], &report["overall"]["R@1"]), (&5.into(), &1.0.into()));
    ok(dir, &format!("extract --data {file} {model}"));
    // A null in place of an image is one unreadable image.
    let out =
        run(dir, &format!("embed {model} --input {} --output f.npy --max-bad 50", fixture("bytes.parquet")));
    assert!(out.status.success());
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(text.contains("bytes.parquet/1") && text.contains("no image"), "{text}");
}

#[test]
fn an_image_of_several_classes_is_right_where_it_shares_one_and_a_box_is_an_image() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let model = backbone();
    image_folder(&dir.join("set"), 3, 1);
    let rows = "path,labels\nset/class0/0.png,mug|jug\nset/class1/0.png,jug\nset/class2/0.png,pot\n";
    write(&dir.join("l.csv"), rows);
    let precision = |line: &str| {
        let report = json(dir, &format!("evaluate {line} -k 1"));
        (report["queries"].as_u64().unwrap(), report["overall"]["R@1"].as_f64().unwrap())
    };
    // The image is in the index once with both of its classes, so that a query of either finds it; the pot is no mug.
    for (class, found) in [("jug", 1.0), ("mug", 1.0), ("pot", 0.0)] {
        write(&dir.join("q.csv"), format!("path,label\nset/class0/0.png,{class}\n"));
        assert_eq!(precision(&format!("{model} --query q.csv --index l.csv")), (1, found), "{class}");
    }
    ok(dir, &format!("embed {model} --input l.csv --output l.npy"));
    assert_eq!(Embeddings::read(&dir.join("l.npy")).unwrap().len(), 4, "a row for each class");
    assert_eq!(precision("--query l.npy --index l.npy"), (3, 1.0));
    // The box that is the whole image, and one that is not.
    write(
        &dir.join("b.csv"),
        "path,label,x1,y1,x2,y2\nset/class0/0.png,a,0,0,40,30\nset/class0/0.png,b,0,0,9,9\nset/class0/0.png,c,,,,\n",
    );
    ok(dir, &format!("embed {model} --input b.csv --output b.parquet"));
    let boxes = Embeddings::read(&dir.join("b.parquet")).unwrap();
    let row = |i: usize| &boxes.values[i * boxes.dim..(i + 1) * boxes.dim];
    assert!(row(0) == row(2) && row(1) != row(2));
    assert_eq!(boxes.paths.get(1), Some("set/class0/0.png/box=0,0,9,9"));
}
