use super::*;
use std::path::Path;

fn example() -> Embeddings {
    Embeddings {
        values: vec![1.0, 0.0, 0.6, 0.8],
        dim: 2,
        labels: Some(vec![1, 0]),
        label_names: ["mug", "jug"].into_iter().collect(),
        domains: Some(vec![1, 0]),
        domain_names: vec!["cars".into(), "food".into()],
        paths: ["a.jpg", "b \"c\".jpg"].into_iter().collect(),
        embedder: Some(EmbedderId { fingerprint: Fingerprint::of(b"e"), name: "toy".into() }),
    }
}

#[test]
fn embeddings_read_back_and_every_write_gives_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.safetensors");
    example().write(&path).unwrap();
    let first = std::fs::read(&path).unwrap();
    let read = Embeddings::read(&path).unwrap();
    assert_eq!(read, example());
    assert_eq!((read.label_name(0).as_deref(), read.domain_name(1)), (Some("jug"), Some("cars")));
    for _ in 0..8 {
        example().write(&path).unwrap();
        assert_eq!(first, std::fs::read(&path).unwrap());
    }
}

#[test]
fn a_file_of_somebody_else_needs_embeddings_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.safetensors");
    let bare = Embeddings {
        values: vec![1.0, 0.0, 0.6, 0.8],
        dim: 2,
        labels: Some(vec![-3, 7]),
        ..Embeddings::default()
    };
    bare.write(&path).unwrap();
    let read = Embeddings::read(&path).unwrap();
    assert_eq!(read, bare);
    assert_eq!(read.label_name(0).as_deref(), Some("-3"), "a number without names is its own name");
}

#[test]
fn the_paths_of_the_first_format_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.safetensors");
    let data = [0u8; 8];
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1, 2], &data).unwrap();
    let metadata = std::collections::HashMap::from([("paths".to_owned(), "[\"a\"]".to_owned())]);
    std::fs::write(&path, safetensors::serialize([("embeddings", view)], Some(metadata)).unwrap()).unwrap();
    assert_eq!(Embeddings::read(&path).unwrap().paths.get(0), Some("a"));
}

#[test]
fn wrong_shapes_and_ids_name_the_tensor() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.safetensors");
    let message = |e: Embeddings| {
        e.write(&path).unwrap();
        Embeddings::read(&path).unwrap_err().to_string()
    };
    let out_of_range = message(Embeddings { domains: Some(vec![0, 2]), ..example() });
    assert!(out_of_range.contains("`domains` holds 2"), "{out_of_range}");
    let unnamed = message(Embeddings { labels: Some(vec![0, 2]), ..example() });
    assert!(unnamed.contains("`labels` holds 2"), "{unnamed}");
    let paths = message(Embeddings { paths: ["one"].into_iter().collect(), ..example() });
    assert!(paths.contains("paths"), "{paths}");
    std::fs::write(&path, b"path,label\n").unwrap();
    let text = Embeddings::read(&path).unwrap_err().to_string();
    assert!(text.contains("x.safetensors") && text.contains("safetensors file"), "{text}");
}

#[test]
fn embeddings_of_two_embedders_are_not_compared() {
    let other = EmbedderId { fingerprint: Fingerprint::of(b"f"), name: "other".into() };
    let this = example().embedder.unwrap();
    this.expect_same(&this, "q", "i").unwrap();
    let message = this.expect_same(&other, "q.safetensors", "i.safetensors").unwrap_err().to_string();
    for part in ["q.safetensors", "i.safetensors", "toy", "other"] {
        assert!(message.contains(part), "{message}");
    }
}

fn inputs(dir: &Path, n: usize) -> Inputs {
    let files = (0..n).map(|i| {
        let file = dir.join(format!("{i}.png"));
        std::fs::write(&file, i.to_le_bytes()).unwrap();
        file
    });
    let mut inputs = Inputs::unlabelled(files.collect());
    let label = inputs.label_names.position("all");
    inputs.rows.iter_mut().for_each(|row| row.label = Some(label));
    inputs
}

/// Fills what is missing as an embedder would; row 5 cannot be read. Returns the rows that were asked for.
fn fill(parts: &mut EmbeddingParts<'_>, stop_after: usize) -> Vec<usize> {
    let rows: Vec<usize> = parts.missing().to_vec();
    for &row in rows.iter().take(stop_after) {
        match row {
            5 => parts.skip(row, "torn".into()).unwrap(),
            _ => parts.push(row, &[row as f32, 1.0]).unwrap(),
        }
    }
    rows
}

#[test]
fn a_killed_embedding_goes_on_and_gives_the_file_of_an_unbroken_one() {
    let dir = tempfile::tempdir().unwrap();
    let id = example().embedder.unwrap();
    let inputs = inputs(dir.path(), 10);
    let output = dir.path().join("whole.safetensors");
    let mut parts = EmbeddingParts::open(&output, &id, 2, &inputs, 4).unwrap();
    assert_eq!(fill(&mut parts, 10).len(), 10);
    let done = parts.publish().unwrap();
    assert_eq!((done.rows, done.skipped.len(), done.skipped[0].reason.as_str()), (9, 1, "torn"));
    let whole = Embeddings::read(&output).unwrap();
    assert_eq!(whole.values[8..12], [4.0, 1.0, 6.0, 1.0]);
    assert_eq!((whole.label_name(0).as_deref(), whole.len()), (Some("all"), 9));

    let broken = dir.path().join("broken.safetensors");
    let mut parts = EmbeddingParts::open(&broken, &id, 2, &inputs, 4).unwrap();
    fill(&mut parts, 6);
    drop(parts);
    assert!(!broken.exists(), "nothing is published before it is whole");
    let mut parts = EmbeddingParts::open(&broken, &id, 2, &inputs, 4).unwrap();
    assert_eq!(fill(&mut parts, 10), [4, 5, 6, 7, 8, 9], "the part that was whole is kept");
    parts.publish().unwrap();
    assert_eq!(std::fs::read(&broken).unwrap(), std::fs::read(&output).unwrap());
    assert_eq!(
        std::fs::read_dir(dir.path()).unwrap().filter(|e| e.as_ref().unwrap().path().is_dir()).count(),
        0
    );
}

#[test]
fn parts_of_another_embedder_or_of_changed_images_are_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let id = example().embedder.unwrap();
    let inputs = inputs(dir.path(), 8);
    let output = dir.path().join("x.safetensors");
    fill(&mut EmbeddingParts::open(&output, &id, 2, &inputs, 4).unwrap(), 8);
    let other = EmbedderId { fingerprint: Fingerprint::of(b"f"), name: "other".into() };
    let message = EmbeddingParts::open(&output, &other, 2, &inputs, 4).err().unwrap().to_string();
    assert!(message.contains("x.safetensors.parts") && message.contains("toy"), "{message}");
    // Another image of the same size in the second part: that part is made again.
    std::fs::write(dir.path().join("7.png"), 9usize.to_le_bytes()).unwrap();
    let parts = EmbeddingParts::open(&output, &id, 2, &inputs, 4).unwrap();
    assert_eq!(parts.missing(), [4, 5, 6, 7]);
}

#[test]
fn publishing_with_holes_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let inputs = inputs(dir.path(), 8);
    let output = dir.path().join("x.safetensors");
    let mut parts = EmbeddingParts::open(&output, &example().embedder.unwrap(), 2, &inputs, 4).unwrap();
    assert!(parts.push(1, &[0.0; 2]).is_err(), "rows come in order");
    fill(&mut parts, 5);
    let message = parts.publish().unwrap_err().to_string();
    assert!(message.contains("x.safetensors") && !output.exists(), "{message}");
}
