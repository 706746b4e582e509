//! What `mdfe datasets show` prints.

use crate::tree::Tree;
use mdfe_data::{class_size_histogram, counts_line, jsonl_line};

#[test]
fn a_line_holds_the_source_class_as_text_and_the_dense_label() {
    let tree = Tree::new().file("t.csv", "path,label\n\"a \"\"b\"\"/é.jpg\",7\n");
    let reading = tree.try_read("csv", &[("file", "t.csv")]).unwrap();
    assert_eq!(
        jsonl_line(&reading.dataset, &reading.dataset.samples[0]),
        r#"{"path":"a \"b\"/é.jpg","class":"7","label":0,"domain":"images"}"#
    );
    assert_eq!(counts_line(&reading), "csv: 1 samples, 1 classes; left out: nothing");
}

#[test]
fn counts_say_what_was_left_out() {
    let tree = Tree::new().file("t.csv", "path,label\na,7\nb,8\nc,8\n");
    let reading = tree.try_read("csv", &[("file", "t.csv"), ("min_samples", "2")]).unwrap();
    let expected =
        "csv: 2 samples, 1 classes; left out: 1 samples (1 whole classes): class has fewer than 2 samples";
    assert_eq!(counts_line(&reading), expected);
}

#[test]
fn the_histogram_has_bins_of_doubling_width_and_shows_every_class() {
    let counts = [[2; 80].as_slice(), &[3, 4, 4, 5, 1000]].concat();
    let expected = "samples per class    classes\n\
        \u{20}               2         80  ########################################\n\
        \u{20}             3-4          3  #\n\
        \u{20}             5-8          1  #\n\
        \u{20}            9-16          0\n\
        \u{20}           17-32          0\n\
        \u{20}           33-64          0\n\
        \u{20}          65-128          0\n\
        \u{20}         129-256          0\n\
        \u{20}         257-512          0\n\
        \u{20}        513-1024          1  #\n";
    assert_eq!(class_size_histogram(&counts), expected);
}
