//! COCO annotations: boxes grouped by their image, in time and memory linear in the file.

use crate::{Error, Result, Skipped, lists::json};
use serde::Deserialize;
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read},
    path::Path,
};

/// An image with its boxes, in the order of the file.
#[derive(Debug, PartialEq)]
pub(super) struct AnnotatedImage {
    pub(super) id: i64,
    pub(super) file_name: String,
    pub(super) boxes: Vec<CategoryBox>,
}

/// One annotation.
#[derive(Debug, PartialEq)]
pub(super) struct CategoryBox {
    pub(super) category: i64,
    /// x1, y1, x2, y2 in pixels.
    pub(super) corners: [f64; 4],
}

#[derive(Deserialize)]
struct Coco {
    images: Vec<Image>,
    annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Image {
    id: i64,
    file_name: String,
}

#[derive(Deserialize)]
struct Annotation {
    image_id: i64,
    category_id: i64,
    #[serde(default)]
    bbox: Vec<f64>,
}

/// Reads the annotations in `file`, which lies at `path`. Everything but boxes (outlines, areas) is passed over while
/// reading, so it takes no memory. Annotations that no image has, or without a box of four numbers, are listed.
///
/// # Errors
/// [`Error::Malformed`] with the line for what is not COCO, and for two images of one id.
pub(super) fn read(path: &Path, file: impl Read) -> Result<(Vec<AnnotatedImage>, Vec<Skipped>)> {
    let mut file = BufReader::with_capacity(1 << 20, file);
    if file.fill_buf().map_err(Error::io("read", path))?.starts_with(b"\xef\xbb\xbf") {
        file.consume(3);
    }
    let coco: Coco = serde_json::from_reader(file).map_err(|e| json::fault(path, &e))?;
    let mut positions = HashMap::with_capacity(coco.images.len());
    let mut images = Vec::with_capacity(coco.images.len());
    for (i, Image { id, file_name }) in coco.images.into_iter().enumerate() {
        if positions.insert(id, i).is_some() {
            let reason = format!("two entries of `images` have the id {id}; ids must differ");
            return Err(Error::Malformed { path: path.to_path_buf(), line: None, reason });
        }
        images.push(AnnotatedImage { id, file_name, boxes: Vec::new() });
    }
    let mut skipped = Vec::new();
    for (i, annotation) in coco.annotations.into_iter().enumerate() {
        let skip = |reason: String| Skipped::new(format!("annotations[{i}]"), reason);
        let Some(&position) = positions.get(&annotation.image_id) else {
            skipped.push(skip(format!("no entry of `images` has the id {}", annotation.image_id)));
            continue;
        };
        let [x, y, width, height] = annotation.bbox[..] else {
            skipped.push(skip(format!("`bbox` has {} numbers, not 4", annotation.bbox.len())));
            continue;
        };
        let corners = [x, y, x + width, y + height];
        images[position].boxes.push(CategoryBox { category: annotation.category_id, corners });
    }
    Ok((images, skipped))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &[u8]) -> Result<(Vec<AnnotatedImage>, Vec<Skipped>)> {
        read(Path::new("a.json"), text)
    }

    #[test]
    fn boxes_come_with_their_image_and_strays_are_listed() {
        let text = br#"{"info": {}, "images": [{"id": 7, "file_name": "a.jpg", "width": 3}, {"id": 2, "file_name": "b.jpg"}],
            "annotations": [{"id": 1, "image_id": 2, "category_id": 5, "bbox": [1, 2, 3, 4.5], "segmentation": [[1, 2]]},
            {"image_id": 9, "category_id": 5, "bbox": [1, 2, 3, 4]}, {"image_id": 7, "category_id": 5}]}"#;
        let (images, skipped) = parse(text).unwrap();
        let boxes = vec![CategoryBox { category: 5, corners: [1.0, 2.0, 4.0, 6.5] }];
        assert_eq!(
            images,
            [
                AnnotatedImage { id: 7, file_name: "a.jpg".into(), boxes: vec![] },
                AnnotatedImage { id: 2, file_name: "b.jpg".into(), boxes }
            ]
        );
        assert_eq!(
            skipped,
            [
                Skipped::new("annotations[1]", "no entry of `images` has the id 9"),
                Skipped::new("annotations[2]", "`bbox` has 0 numbers, not 4")
            ]
        );
    }

    #[test]
    fn faults_name_the_line_and_two_images_of_one_id_are_refused() {
        let error = parse(b"{\"images\": [],\n\"annotations\": [{]}").unwrap_err().to_string();
        assert!(error.starts_with("a.json, line 2: "), "{error}");
        let twice =
            br#"{"images": [{"id": 1, "file_name": "a"}, {"id": 1, "file_name": "b"}], "annotations": []}"#;
        assert!(matches!(parse(twice), Err(Error::Malformed { .. })));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&bytes);
        }

        #[test]
        fn damaged_files_are_an_answer_or_an_error(at in 0usize..150, byte in any::<u8>(), cut in 0usize..150) {
            let mut text = br#"{"images": [{"id": 7, "file_name": "a.jpg"}], "annotations":
                [{"image_id": 7, "category_id": 5, "bbox": [1, 2, 3e300, 4]}]}"#.to_vec();
            let n = text.len();
            text[at % n] = byte;
            let _ = parse(&text);
            text.truncate(cut % n);
            prop_assert!(parse(&text).is_err());
        }
    }
}
