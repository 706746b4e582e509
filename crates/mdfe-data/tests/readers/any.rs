//! `image_folder` and `csv`: the user's own data.

use crate::tree::Tree;

#[test]
fn image_folder_takes_every_extension_in_any_case_and_sorts_classes_as_text() {
    let tree = Tree::new()
        .file("9/a.jpg", "")
        .file("10/deep/er/b.JPEG", "")
        .file("10/c.WebP", "")
        .file("10/notes.txt", "")
        .file("10/._c.jpg", "")
        .file("loose.png", "")
        .file("B b/x.tiff", "");
    let (samples, dropped) = tree.read("image_folder", &[]);
    assert_eq!(
        samples,
        [
            "10/c.WebP 10 0 images",
            "10/deep/er/b.JPEG 10 0 images",
            "9/a.jpg 9 1 images",
            "B b/x.tiff B b 2 images"
        ]
    );
    assert_eq!(dropped, ["1 samples: outside every class folder"]);
}

#[test]
fn image_folder_takes_its_domain_from_the_option() {
    let tree = Tree::new().file("a/1.gif", "").file("a/2.bmp", "").file("b/3.tif", "");
    let (samples, dropped) = tree.read("image_folder", &[("domain", "toys"), ("min_samples", "2")]);
    assert_eq!(samples, ["a/1.gif a 0 toys", "a/2.bmp a 0 toys"]);
    assert_eq!(dropped, ["1 samples (1 whole classes): class has fewer than 2 samples"]);
}

#[test]
fn image_folder_that_is_not_there_says_so() {
    let tree = Tree::new();
    let mut options = mdfe_data::ReadOptions::at(tree.root().join("nowhere"));
    options.seed = 1;
    let error = mdfe_data::read("image_folder", &options).unwrap_err();
    assert!(matches!(error, mdfe_data::Error::Missing { .. }), "{error}");
}

#[test]
#[cfg(unix)]
fn image_folder_with_a_link_to_itself_ends() {
    let tree = Tree::new().file("a/1.png", "");
    std::os::unix::fs::symlink(tree.root(), tree.root().join("a/up")).unwrap();
    let (samples, dropped) = tree.read("image_folder", &[]);
    assert_eq!(samples, ["a/1.png a 0 images"]);
    assert_eq!(dropped, ["1 links: a link to a folder that is read under another name"]);
}

#[test]
fn image_folder_reads_jfif_and_counts_formats_that_are_not_decoded() {
    let names =
        ["1.jfif", "2.JPE", "3.heic", "4.HEIF", "5.avif", "6.jxl", "deep/7.jp2", "8.heic.txt", ".9.heic"];
    let tree = names.iter().fold(Tree::new(), |tree, name| tree.file(&format!("a/{name}"), ""));
    let (samples, dropped) = tree.read("image_folder", &[]);
    assert_eq!(samples, ["a/1.jfif a 0 images", "a/2.JPE a 0 images"]);
    let expected = [
        "1 samples: AVIF is not decoded; convert to JPEG or PNG",
        "2 samples: HEIC is not decoded; convert to JPEG or PNG",
        "1 samples: JPEG 2000 is not decoded; convert to JPEG or PNG",
        "1 samples: JPEG XL is not decoded; convert to JPEG or PNG",
    ];
    assert_eq!(dropped, expected);
}

#[test]
#[cfg(unix)]
fn image_folder_counts_links_that_lead_nowhere() {
    let tree = Tree::new().file("a/1.png", "");
    std::os::unix::fs::symlink("gone", tree.root().join("a/2.png")).unwrap();
    let (samples, dropped) = tree.read("image_folder", &[]);
    assert_eq!(samples, ["a/1.png a 0 images"]);
    assert_eq!(dropped, ["1 samples: a link that leads nowhere"]);
}

#[test]
fn csv_finds_columns_by_name_through_bom_crlf_quotes_and_a_blank_last_line() {
    let table = "\u{feff}note,label,path\r\nx,10,p/1.jpg\r\n\"two\r\nlines, \"\"q\"\"\",9,\"p/a,b.jpg\"\r\n,10,p/1.jpg\r\n\r\n";
    let tree = Tree::new().file("lists/all.csv", table);
    let (samples, dropped) = tree.read("csv", &[("file", "lists/all.csv")]);
    // The repeated row stays, and labels sort as text.
    assert_eq!(samples, ["p/1.jpg 10 0 images", "p/a,b.jpg 9 1 images", "p/1.jpg 10 0 images"]);
    assert!(dropped.is_empty());
}

#[test]
fn csv_reads_one_split_and_takes_domains_from_their_column() {
    let table = "path,label,domain,split\na.jpg,x,cars,train\nb.jpg,y,food,test\nc.jpg,x,food,test\nd.jpg,z,food,train\n";
    let tree = Tree::new().file("t.csv", table);
    let (samples, dropped) = tree.read("csv", &[("file", "t.csv"), ("domain", "ignored")]);
    assert_eq!(samples, ["a.jpg x 0 cars", "d.jpg z 1 food"]);
    assert_eq!(dropped, ["2 samples (1 whole classes): another split"]);
    let (samples, _) = tree.read("csv", &[("file", "t.csv"), ("split", "test")]);
    assert_eq!(samples, ["b.jpg y 1 food", "c.jpg x 0 food"]);
}

#[test]
fn csv_faults_name_file_and_line() {
    let error = |table: &str, options: &[(&str, &str)]| {
        let tree = Tree::new().file("t.csv", table);
        tree.read_error("csv", &[&[("file", "t.csv")], options].concat())
    };
    assert_eq!(
        error("path,class\na,b\n", &[]),
        "ROOT/t.csv, line 1: has no column `label` or `labels`; its columns are `path`, `class`"
    );
    let ragged = "has 3 fields, the header has 2; every row needs as many as the header";
    assert_eq!(error("path,label\na,b\n\nc,d,e\n", &[]), format!("ROOT/t.csv, line 4: {ragged}"));
    assert_eq!(error("path,label\r\na,b\r\nc,d,e\r\n", &[]), format!("ROOT/t.csv, line 3: {ragged}"));
    assert_eq!(
        error("path,label\na,b\nc,\"d\ne,f\n", &[]),
        "ROOT/t.csv, line 3: a quote opens in this row and never closes"
    );
    assert_eq!(
        error("path,label\r\n\r\na,\r\n", &[]),
        "ROOT/t.csv, line 3: `path` and `label` must not be empty"
    );
    assert_eq!(
        error("path,label\na,b\n", &[("split", "test")]),
        "ROOT/t.csv, line 1: has no column `split`; leave the option `split = test` out or add the column"
    );
}

#[test]
fn csv_refuses_a_stray_quote_that_swallows_rows_and_names_its_line() {
    let error = |table: &str| Tree::new().file("t.csv", table).read_error("csv", &[("file", "t.csv")]);
    let rows = |lines| {
        format!(
            "a quote opens here, and the {lines} lines up to the one where it closes look like rows of the table; remove it"
        )
    };
    let text = "a quote opens here and text follows where it closes; remove it, or write quotes inside of a quoted field twice";
    // Read as one row, `a.jpg` of the class `x\nb.jpg,y\nc.jpg,z`, until quotes were looked at.
    assert_eq!(
        error("path,label\na.jpg,\"x\nb.jpg,y\nc.jpg,z\"\nd.jpg,w\n"),
        format!("ROOT/t.csv, line 2: {}", rows(3))
    );
    assert_eq!(
        error("path,label\r\n\r\na.jpg,x\r\nb.jpg,\"y\r\nc.jpg,\"z\r\nd.jpg,w\r\n"),
        format!("ROOT/t.csv, line 4: {text}")
    );
    assert_eq!(error("path,label\na.jpg,\"19\" rack\nb.jpg,x\n"), format!("ROOT/t.csv, line 2: {text}"));
    assert_eq!(error("path,\"label\na.jpg,x\"\n"), format!("ROOT/t.csv, line 1: {}", rows(2)));
    let quoted = "path,label\n\"a,1.jpg\",\"19\"\" rack,\nblack\"\n\"b.jpg\",x\n";
    let tree = Tree::new().file("t.csv", quoted);
    assert_eq!(
        tree.read("csv", &[("file", "t.csv")]).0,
        ["a,1.jpg 19\" rack,\nblack 0 images", "b.jpg x 1 images"]
    );
}

#[test]
fn csv_without_its_file_says_which_option_it_needs() {
    let tree = Tree::new();
    assert_eq!(
        tree.read_error("csv", &[]),
        "data set `csv` needs the option `file`: a table with the columns `path,label`"
    );
    assert_eq!(
        tree.read_error("csv", &[("file", "no.csv")]),
        "ROOT/no.csv is missing; the option `file` is relative to the data folder"
    );
}

#[test]
fn unknown_names_list_the_known_ones() {
    let tree = Tree::new();
    let error = tree.read_error("prodcts_10k", &[]);
    assert!(error.starts_with("unknown data set `prodcts_10k`; known: products_10k, "), "{error}");
    let error = tree.read_error("sop", &[("refind", "true")]);
    assert!(error.starts_with("unknown option `refind`; known: refined, "), "{error}");
    let error = tree.read_error("sop", &[("refined", "true")]);
    assert!(
        error.starts_with("data set `sop` has no option `refined`; its options are `min_samples`"),
        "{error}"
    );
    let error = tree.read_error("sop", &[("seed", "-1")]);
    assert_eq!(error, "option `seed` is `-1`; it takes a whole number");
}

#[test]
fn an_exclusion_list_that_matches_nothing_is_refused_with_an_image_of_each_side() {
    let tree = Tree::new()
        .file("t.csv", "path,label\nimages/a.jpg,x\nimages/b.jpg,x\nimages/c.jpg,y\n")
        .file("none.csv", "path,reason\nb.jpg,blurred\nz.jpg,gone\n")
        .file("some.csv", "path\n./images/b.jpg\nz.jpg\n")
        .file("all.csv", "path\nimages/c.jpg\n")
        .file("empty.csv", "path,reason\n");
    let options = |list| [("file", "t.csv"), ("exclude", list)];
    assert_eq!(
        tree.read_error("csv", &options("none.csv")),
        "ROOT/none.csv: none of its 2 images is in `csv`: the list has `b.jpg`, the data set `images/b.jpg`; give the option \
         `exclude` a list whose paths are relative to the data folder, or leave it out"
    );
    let dropped = |list| tree.read("csv", &options(list)).1;
    let some = "1 samples: in the exclusion list, of whose 2 images 1 are in the data set";
    assert_eq!(dropped("some.csv"), [some]);
    assert_eq!(dropped("all.csv"), ["1 samples (1 whole classes): in the exclusion list"]);
    assert!(dropped("empty.csv").is_empty(), "a check that found nothing leaves such a list");
}
