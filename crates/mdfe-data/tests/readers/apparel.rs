//! Clothing.

use crate::tree::Tree;

#[test]
fn deep_fashion_joins_an_item_of_two_groups() {
    let json = r#"{"CLOTHING": {"id_00000002": ["train/id_00000002/a.jpg", "train/id_00000002/b.jpg"],
                               "id_00000010": ["train/id_00000010/a.jpg"]},
                   "DRESSES": {"id_00000002": ["train/id_00000002/c.jpg"]}}"#;
    let tree = Tree::new().file("deepfashion/deepfashion_train.json", json);
    let (samples, dropped) = tree.read("deep_fashion", &[]);
    let expected = [
        "deepfashion/train/id_00000002/a.jpg id_00000002 0 apparel",
        "deepfashion/train/id_00000002/b.jpg id_00000002 0 apparel",
        "deepfashion/train/id_00000002/c.jpg id_00000002 0 apparel",
    ];
    assert_eq!(samples, expected);
    assert_eq!(dropped, ["1 samples (1 whole classes): class has fewer than 3 samples"]);
}

#[test]
fn hm_drops_articles_without_an_image_before_the_minimum_and_keeps_leading_zeros() {
    let csv = "article_id,product_code,prod_name,detail_desc\n\
        0108775015,0108775,Strap top,\"Jersey top, narrow \"\"straps\"\"\"\n\
        0108775044,0108775,Strap top,x\n\
        0108775051,0108775,Strap top (1),x\n\
        0110065001,0110065,OP T-shirt,x\n\
        0110065002,0110065,OP T-shirt,x\n\
        0110065011,0110065,OP T-shirt,x\n\
        0111565001,0111565,20 den,x\n";
    let mut tree = Tree::new().file("hm_personalized_fashion/articles.csv", csv);
    for id in ["0108775015", "0108775044", "0108775051", "0110065001", "0110065002"] {
        tree = tree.file(&format!("hm_personalized_fashion/images/{}/{id}.jpg", &id[..3]), "");
    }
    let (samples, dropped) = tree.read("hm", &[]);
    let expected = [
        "hm_personalized_fashion/images/010/0108775015.jpg 0108775 0 apparel",
        "hm_personalized_fashion/images/010/0108775044.jpg 0108775 0 apparel",
        "hm_personalized_fashion/images/010/0108775051.jpg 0108775 0 apparel",
    ];
    assert_eq!(samples, expected);
    assert_eq!(
        dropped,
        [
            "2 samples (1 whole classes): no image on disk",
            "2 samples (1 whole classes): class has fewer than 3 samples"
        ]
    );
}

#[test]
fn fashion200k_reads_its_own_list_first_and_train_csv_where_that_is_missing() {
    let list = |id: &str| format!("img_path,img_id\nwomen/d/{id}/{id}_0.jpeg,{id}\n");
    let tree = Tree::new().file("fashion200k/train.csv", list("51"));
    let options = [("min_samples", "1")];
    assert_eq!(tree.read("fashion200k", &options).0, ["fashion200k/women/d/51/51_0.jpeg 51 0 apparel"]);
    let tree = tree.file("fashion200k/fashion200k_train.csv", list("52"));
    assert_eq!(tree.read("fashion200k", &options).0, ["fashion200k/women/d/52/52_0.jpeg 52 0 apparel"]);
}

#[test]
fn deep_fashion2_has_text_classes_and_two_folder_names() {
    let csv = "img_path,label\npreprocessed_imgs/skirt/10_1/1_1.jpg,10_1\npreprocessed_imgs/skirt/9_1/2_1.jpg,9_1\n";
    for folder in ["deep_fashion2", "deepfashion2"] {
        let tree = Tree::new().file(&format!("{folder}/train.csv"), csv);
        let expected = [
            format!("{folder}/preprocessed_imgs/skirt/10_1/1_1.jpg 10_1 0 apparel"),
            format!("{folder}/preprocessed_imgs/skirt/9_1/2_1.jpg 9_1 1 apparel"),
        ];
        assert_eq!(tree.read("deep_fashion2", &[("min_samples", "0")]).0, expected);
    }
}
