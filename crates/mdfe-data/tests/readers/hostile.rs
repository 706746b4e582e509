//! Any bytes are an answer or an error, and what a table holds is what is read.

use crate::tree::Tree;
use proptest::prelude::*;

/// A field as a table may hold it: quoted where it must be, and sometimes where it need not.
fn quoted(field: &str, always: bool) -> String {
    let must = field.contains([',', '"', '\n', '\r']);
    if must || always { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_owned() }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn what_is_written_is_read(
        rows in proptest::collection::vec(("[a-c,\"\n\r é/]{1,6}", "[0-2,\"\n]{1,3}", any::<bool>()), 1..20),
        crlf in any::<bool>(), bom in any::<bool>(), last in any::<bool>(),
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let mut table = if bom { "\u{feff}".to_owned() } else { String::new() };
        table += &format!("extra,label,path{end}");
        // Lines in quotes that look like rows of their own are refused (any.rs), which lines without commas never do here.
        let plain = |field: &str| if field.contains(['\n', '\r']) { field.replace(',', ";") } else { field.to_owned() };
        let rows: Vec<_> = rows.into_iter().map(|(path, label, always)| (plain(&path), plain(&label), always)).collect();
        for (path, label, always) in &rows {
            table += &format!("x,{},{}{end}", quoted(label, *always), quoted(path, *always));
        }
        if !last {
            table.truncate(table.len() - end.len());
        }
        let tree = Tree::new().file("t.csv", table);
        let dataset = tree.try_read("csv", &[("file", "t.csv")]).unwrap().dataset;
        let read: Vec<(String, String)> = dataset.samples.iter()
            .map(|s| (s.path.to_str().unwrap().to_owned(), dataset.class_names[s.class as usize].clone())).collect();
        // A path is relative to the data folder, so one that begins with `/` stays what it is.
        let written: Vec<(String, String)> = rows.iter().map(|(p, l, _)| (p.clone(), l.clone())).collect();
        prop_assert_eq!(read, written);
        let mut sorted = dataset.class_names.clone();
        sorted.sort();
        sorted.dedup();
        prop_assert_eq!(sorted, dataset.class_names);
    }

    #[test]
    fn any_bytes_are_an_answer_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let header = b"path,label\n".as_slice();
        let tree = Tree::new()
            .file("t.csv", [header, &bytes].concat())
            .file("m4d-35k_train.csv", &bytes)
            .file("stanford_online_products/Ebay_train.txt", &bytes)
            .file("met_dataset/ground_truth/MET_database.json", &bytes)
            .file("deepfashion/deepfashion_train.json", &bytes);
        let _ = tree.try_read("csv", &[("file", "t.csv")]);
        for key in ["m4d_35k", "sop", "met_art", "deep_fashion"] {
            prop_assert!(tree.try_read(key, &[]).is_err() || bytes.len() < 3, "{key}");
        }
    }
}
