//! `cargo xtask prepare-data`, run as a user runs it.

// Helpers of a test may fail as loudly as the test itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../crates/mdfe-data/tests/common/tree.rs"]
mod tree;

use std::{
    collections::BTreeMap,
    fs,
    io::{Cursor, Write},
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tree::Tree;

fn run(root: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg("prepare-data").args(arguments).arg("--root").arg(root).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = zip::ZipWriter::new(&mut bytes);
    for (name, content) in members {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    bytes.into_inner()
}

/// A tar archive whose names are written as they are, also where they lead out.
fn tar(members: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        builder.append(&header, content.as_bytes()).unwrap();
    }
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    builder.append_link(&mut link, "images/link", "/etc").unwrap();
    builder.into_inner().unwrap()
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const SHOPEE: &str =
    "posting_id,image,image_phash,title,label_group\na,1.jpg,0,x,5\nb,2.jpg,0,y,5\nc,3.jpg,0,z,5\n";

#[test]
fn a_zip_is_unpacked_without_leaving_its_folder_and_once() {
    let tree = Tree::new();
    let members = [
        ("train.csv", SHOPEE),
        ("train_images/1.jpg", "1"),
        ("train_images/2.jpg", "2"),
        ("train_images/3.jpg", "3"),
        ("../../escaped.txt", "x"),
        ("/absolute.txt", "x"),
    ];
    tree.write("data/shopee/all.zip", zip(&members));
    let data = tree.root().join("data");
    let output = run(&data, &["shopee"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("shopee: unpacked shopee/all.zip: 4 files\n"), "{text}");
    assert!(
        text.contains("refused from shopee/all.zip: ../../escaped.txt leads out of the folder\n"),
        "{text}"
    );
    assert!(text.contains("shopee: 3 samples, 1 classes; left out: nothing\n"), "{text}");
    assert!(text.contains("shopee: expected 11,014 classes, 34,250 images (before min_samples)\n"), "{text}");
    assert!(!tree.root().join("escaped.txt").exists() && !Path::new("/absolute.txt").exists());
    assert_eq!(fs::read_to_string(data.join("shopee/train_images/2.jpg")).unwrap(), "2");
    assert!(!stdout(&run(&data, &["shopee"])).contains("unpacked"), "unpacked once");
    assert!(run(&data, &["shopee", "--check"]).status.success());
}

#[test]
fn a_tar_gz_beside_the_folder_unpacks_into_it_and_links_are_refused() {
    let tree = Tree::new();
    let members = [
        ("food-101/meta/test.json", r#"{"pie": ["pie/1"]}"#),
        ("food-101/images/pie/1.jpg", "1"),
        ("../out.txt", "x"),
    ];
    tree.write("data/food-101.tar.gz", gz(&tar(&members)));
    let data = tree.root().join("data");
    let output = run(&data, &["all"]);
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(text.contains("food101: unpacked food-101.tar.gz: 2 files\n"), "{text}");
    assert!(text.contains("refused from food-101.tar.gz: ../out.txt leads out of the folder\n"), "{text}");
    assert!(
        text.contains("refused from food-101.tar.gz: images/link is a link or a special file\n"),
        "{text}"
    );
    assert!(text.contains("food101: 1 samples, 1 classes; left out: nothing\n"), "{text}");
    assert!(text.contains("shopee: not there; get it from https://"), "{text}");
    assert!(!tree.root().join("out.txt").exists());
}

#[test]
fn members_and_archives_of_the_same_size_are_told_apart() {
    for (name, pack) in [("a.zip", zip as fn(&[(&str, &str)]) -> Vec<u8>), ("a.tar", tar)] {
        let tree = Tree::new();
        let first =
            pack(&[("train.csv", SHOPEE), ("train_images/1.jpg", "one"), ("train_images/2.jpg", "two")]);
        let swapped =
            pack(&[("train.csv", SHOPEE), ("train_images/1.jpg", "two"), ("train_images/2.jpg", "one")]);
        assert_eq!(first.len(), swapped.len());
        let archive = tree.root().join("shopee").join(name);
        let images = || ["1", "2"].map(|image| tree.text(&format!("shopee/train_images/{image}.jpg")));
        // A killed run leaves members and no note; one of them is not this archive's, and has its size.
        tree.write(&format!("shopee/{name}"), &first);
        tree.write("shopee/train_images/1.jpg", "six");
        let output = run(tree.root(), &["shopee"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(images(), ["one", "two"], "{name}");
        // An archive that keeps its size and its time and has other members.
        let modified = archive.metadata().unwrap().modified().unwrap();
        fs::write(&archive, &swapped).unwrap();
        let times = fs::FileTimes::new().set_modified(modified);
        fs::File::options().write(true).open(&archive).unwrap().set_times(times).unwrap();
        assert!(stdout(&run(tree.root(), &["shopee"])).contains("unpacked"), "{name}");
        assert_eq!(images(), ["two", "one"], "{name}");
        assert!(!stdout(&run(tree.root(), &["shopee"])).contains("unpacked"), "{name}: unpacked once");
    }
}

#[test]
fn two_runs_at_once_unpack_and_prepare_to_the_tree_of_one() {
    let (alone, shared) = (food(), food());
    let packed = |tree: &Tree| {
        let members: Vec<(String, String)> =
            (0..200).map(|i| (format!("extra/{i}.txt"), format!("{i} ").repeat(20_000))).collect();
        let members: Vec<(&str, &str)> = members.iter().map(|(n, c)| (n.as_str(), c.as_str())).collect();
        tree.write("fr22_train_v2/extra.zip", zip(&members));
    };
    packed(&alone);
    packed(&shared);
    assert!(run(alone.root(), &["food_rec22"]).status.success());
    let outputs = std::thread::scope(|scope| {
        let both = [(); 2].map(|()| scope.spawn(|| run(shared.root(), &["food_rec22"])));
        both.map(|thread| thread.join().unwrap())
    });
    for output in &outputs {
        assert!(output.status.success(), "{}", stderr(output));
        let text = stdout(output);
        assert!(text.contains("food_rec22: 300 samples, 7 classes; left out: nothing\n"), "{text}");
    }
    let unpacked = outputs.iter().filter(|output| stdout(output).contains("unpacked")).count();
    assert_eq!(unpacked, 1, "the other one finds it done");
    let (alone, shared) = (outcome(&alone), outcome(&shared));
    assert_eq!(shared.keys().collect::<Vec<_>>(), alone.keys().collect::<Vec<_>>());
    assert!(shared == alone, "the files have the same bytes");
}

#[test]
fn an_edited_list_is_refused_with_both_ways_on() {
    let tree = Tree::new().file("furniture_180/a/1.jpg", "").file("furniture_180/a/2.jpg", "");
    let list = "furniture_180/furniture180_train.csv";
    assert!(run(tree.root(), &["furniture180"]).status.success());
    let made = tree.text(list);
    tree.write(list, "img_path,label\na/1.jpg,0\n");
    let output = run(tree.root(), &["furniture180"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.contains(list) && text.contains("move it aside") && text.contains("`--overwrite`"),
        "{text}"
    );
    assert_eq!(tree.text(list), "img_path,label\na/1.jpg,0\n");
    assert!(run(tree.root(), &["furniture180", "--overwrite"]).status.success());
    assert_eq!(tree.text(list), made);
}

#[test]
fn a_killed_unpacking_goes_on_and_a_damaged_archive_is_named() {
    let tree = Tree::new();
    let whole = zip(&[("train.csv", SHOPEE), ("train_images/1.jpg", "1")]);
    tree.write("shopee/a.zip", &whole);
    // A killed run leaves half a file beside its place, and no note.
    tree.write("shopee/.mdfe-train.csv.tmp", "posting");
    let output = run(tree.root(), &["shopee"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(!tree.root().join("shopee/.mdfe-train.csv.tmp").exists());
    tree.write("shopee/b.zip", &whole[..whole.len() / 2]);
    let output = run(tree.root(), &["shopee"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("shopee: cannot unpack shopee/b.zip: "), "{}", stderr(&output));
}

#[test]
fn a_check_writes_nothing_and_names_every_missing_image() {
    let tree = Tree::new();
    tree.write("shopee/train.csv", SHOPEE);
    tree.write("shopee/train_images/1.jpg", "");
    let before = tree.snapshot();
    let output = run(tree.root(), &["shopee", "--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(tree.snapshot(), before);
    assert!(stdout(&output).contains("shopee/train_images/2.jpg is missing\n"), "{}", stdout(&output));
    assert!(stderr(&output).contains("2 images of the list are missing"), "{}", stderr(&output));
    tree.write("furniture_180/a/1.jpg", "");
    let before = tree.snapshot();
    let output = run(tree.root(), &["furniture180", "--check"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(tree.snapshot(), before);
    let output = run(tree.root(), &["furniture180"]);
    assert!(output.status.success());
    let text = stdout(&output);
    assert!(
        text.contains("furniture180: furniture_180/furniture180_train.csv: 1 classes, 1 images\n"),
        "{text}"
    );
    assert!(run(tree.root(), &["furniture180", "--check"]).status.success());
}

#[test]
fn what_is_missing_is_named_with_its_source() {
    let tree = Tree::new();
    let output = run(tree.root(), &["sop", "hm"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(
        text.contains("sop: ")
            && text.contains("stanford_online_products/ is missing; get `sop` from https://"),
        "{text}"
    );
    assert!(text.contains("hm: "), "{text}");
    let output = run(tree.root(), &["spoon"]);
    assert!(stderr(&output).contains("unknown data set `spoon`; known: sop, "), "{}", stderr(&output));
    let output = run(tree.root(), &["all"]);
    assert!(stderr(&output).contains("no data set lies under"), "{}", stderr(&output));
    assert_eq!(run(tree.root(), &[]).status.code(), Some(2));
}

/// Every file but the cache of fingerprints, which knows times.
fn outcome(tree: &Tree) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = tree.snapshot();
    files.retain(|path, _| !path.ends_with("image-keys.redb"));
    files
}

/// A hundred images of noise with three boxes each: enough work to be killed in.
fn food() -> Tree {
    let tree = Tree::new();
    let mut images = Vec::new();
    let mut annotations = Vec::new();
    for id in 0..100u32 {
        let image = image::RgbImage::from_fn(320, 240, |x, y| {
            let mixed = (x ^ id).wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503 + id));
            image::Rgb([(mixed >> 8) as u8, (mixed >> 16) as u8, (mixed >> 24) as u8])
        });
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, image::ImageFormat::Png).unwrap();
        tree.write(&format!("fr22_train_v2/images/{id}.png"), png.into_inner());
        images.push(format!(r#"{{"id": {id}, "file_name": "{id}.png"}}"#));
        for k in 0..3 {
            let category = (id + k) % 7;
            annotations.push(format!(
                r#"{{"image_id": {id}, "category_id": {category}, "bbox": [{k}, 5, 250, 200]}}"#
            ));
        }
    }
    let json = format!(r#"{{"images": [{}], "annotations": [{}]}}"#, images.join(","), annotations.join(","));
    tree.file("fr22_train_v2/annotations.json", json)
}

#[test]
fn preparation_killed_at_any_moment_and_started_again_gives_the_same_tree() {
    let (whole, killed) = (food(), food());
    assert!(run(whole.root(), &["food_rec22"]).status.success());
    let finished = || killed.root().join("fr22_train_v2/train.csv").exists();
    let is_crop = |path: &PathBuf| path.starts_with("fr22_train_v2/preprocessed_imgs");
    let crops = || killed.files().iter().filter(|path| is_crop(path)).count();
    let mut kills = 0;
    // Each round is killed once it has made a few crops more, until one ends by itself.
    for round in 1..20 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.args(["prepare-data", "food_rec22", "--root"]).arg(killed.root());
        let mut child =
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            if crops() >= round * 40 {
                child.kill().unwrap();
                child.wait().unwrap();
                kills += 1;
                break;
            }
        }
        if finished() {
            break;
        }
    }
    assert!(kills > 0, "it was done before it could be killed, which shows nothing; make the work larger");
    assert!(run(killed.root(), &["food_rec22"]).status.success());
    let (whole, killed) = (outcome(&whole), outcome(&killed));
    assert_eq!(killed.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
    assert!(killed == whole, "the files have the same bytes");
    assert_eq!(whole.keys().filter(|path| is_crop(path)).count(), 300);
}
