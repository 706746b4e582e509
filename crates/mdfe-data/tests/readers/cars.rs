//! Stanford Cars, both unpackings and both lists.

use crate::tree::Tree;

const MODELS: &str = ",x1,y1,x2,y2,Label,image\n0,39,116,569,375,14,00001.jpg\n1,36,116,868,587,3,00002.jpg\n2,1,2,3,4,14,00003.jpg\n3,1,2,3,4,14,00004.jpg\n";

#[test]
fn both_unpackings_are_read() {
    for folder in ["cars_train/cars_train", "cars_train"] {
        let tree = Tree::new()
            .file("stanford_cars/sc_train.csv", MODELS)
            .file(&format!("stanford_cars/{folder}/00001.jpg"), "");
        let (samples, dropped) = tree.read("stanford_cars", &[]);
        let expected =
            ["00001", "00003", "00004"].map(|n| format!("stanford_cars/{folder}/{n}.jpg 14 0 cars"));
        assert_eq!(samples, expected);
        assert_eq!(dropped, ["1 samples (1 whole classes): class has fewer than 3 samples"]);
    }
}

#[test]
fn models_sort_as_numbers_and_class_is_another_name_of_label() {
    let csv = "x1,y1,x2,y2,Class,image\n1,2,3,4,14,a.jpg\n1,2,3,4,3,b.jpg\n";
    let tree = Tree::new().file("stanford_cars/sc_train.csv", csv);
    let expected = ["stanford_cars/cars_train/a.jpg 14 1 cars", "stanford_cars/cars_train/b.jpg 3 0 cars"];
    assert_eq!(tree.read("stanford_cars", &[("min_samples", "0")]).0, expected);
}

#[test]
fn refined_classes_are_text_under_three_file_names_with_or_without_index_and_probability() {
    let lists = [
        ("sc_refined_train.csv", ",image,Label,Probability\n0,a.jpg,14_8,0.9\n1,b.jpg,3_1,0.8\n"),
        ("sc_train_refined.csv", "image,Class\na.jpg,14_8\nb.jpg,3_1\n"),
        ("refined_train.csv", "Label,image\r\n14_8,a.jpg\r\n3_1,b.jpg\r\n"),
    ];
    for (name, csv) in lists {
        let tree = Tree::new()
            .file("stanford_cars/sc_train.csv", MODELS)
            .file(&format!("stanford_cars/{name}"), csv);
        let options = [("refined", "true"), ("min_samples", "0")];
        let expected =
            ["stanford_cars/cars_train/a.jpg 14_8 0 cars", "stanford_cars/cars_train/b.jpg 3_1 1 cars"];
        assert_eq!(tree.read("stanford_cars", &options).0, expected, "{name}");
    }
}

#[test]
fn a_missing_refined_list_names_itself_and_the_source() {
    let tree = Tree::new().file("stanford_cars/sc_train.csv", MODELS);
    assert_eq!(
        tree.read_error("stanford_cars", &[("refined", "true")]),
        "ROOT/stanford_cars/sc_refined_train.csv is missing; get `stanford_cars` from \
         https://www.kaggle.com/datasets/jessicali9530/stanford-cars-dataset"
    );
}
