//! Bad input is refused with the variant that names it.
// Helpers of tests may fail as loudly as the tests.
#![allow(clippy::unwrap_used)]

use mdfe_eval::{Domains, Error, Evaluation, Exclude, IndexScope, Knn, Metric, Retrieval, Rows};

fn v(data: &[f32], dim: usize) -> Rows<'_> {
    Rows::new(data, dim).unwrap()
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    assert_eq!(Rows::new(&[], 0).unwrap_err(), Error::ZeroDim);
    assert_eq!(Rows::new(&[1.0; 7], 3).unwrap_err(), Error::Shape { len: 7, dim: 3 });
    let knn = Knn::default();
    assert_eq!(knn.search(v(&[1.0; 4], 2), v(&[1.0; 3], 3)).unwrap_err(), Error::Dim { query: 2, index: 3 });
    assert_eq!(knn.search(v(&[], 2), v(&[1.0; 2], 2)).unwrap_err(), Error::Empty { what: "query" });
    assert_eq!(knn.search(v(&[1.0; 2], 2), v(&[], 2)).unwrap_err(), Error::Empty { what: "index" });
    let none = Knn { k: 0, ..Knn::default() };
    assert!(matches!(none.search(v(&[1.0], 1), v(&[1.0], 1)).unwrap_err(), Error::ZeroK { .. }));
}

#[test]
fn values_that_are_not_finite_are_named_by_row() {
    let good = [0.5; 6];
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut data = good;
        data[5] = bad;
        let found = Knn::default().search(v(&good, 3), v(&data, 3)).unwrap_err();
        assert!(matches!(found, Error::NotFinite { what: "index", row: 1, position: 2, .. }), "{found}");
        let found = Knn::default().search(v(&data, 3), v(&good, 3)).unwrap_err();
        assert!(matches!(found, Error::NotFinite { what: "query", row: 1, position: 2, .. }), "{found}");
    }
    let found = Knn::default().search(v(&[1e30], 1), v(&[1.0], 1)).unwrap_err();
    assert!(matches!(found, Error::TooLong { what: "query", row: 0, .. }), "{found}");
}

#[test]
fn exclusions_that_do_not_fit_are_refused() {
    let data = [1.0; 3];
    let search = |exclude, n: usize| {
        Knn { exclude, ..Knn::default() }.search(v(&data, 1), v(&data[..n], 1)).unwrap_err()
    };
    assert_eq!(search(Exclude::SameRow, 2), Error::NotTheSameRows { queries: 3, index: 2 });
    assert!(matches!(search(Exclude::Rows(vec![None; 2]), 3), Error::Length { got: 2, rows: 3, .. }));
    let rows = Exclude::Rows(vec![None, Some(3), None]);
    assert_eq!(search(rows, 3), Error::ExcludedRow { query: 1, row: 3, index: 3 });
}

#[test]
fn evaluations_that_do_not_fit_are_refused() {
    let data = [1.0, 0.5];
    let names = ["a".to_owned()];
    let domains = Domains::from_ids(&[0, 0], &names).unwrap();
    let side = |labels, domains| Retrieval { embeddings: v(&data, 1), labels, domains };
    let run = |options: &Evaluation, q, i| options.run(q, i).unwrap_err();
    let plain = Evaluation::default();
    let good = side(&[1, 2], None);
    assert!(matches!(run(&plain, side(&[1], None), good), Error::Length { what: "query labels", .. }));
    assert!(matches!(run(&plain, good, side(&[1; 3], None)), Error::Length { what: "index labels", .. }));
    assert!(matches!(
        run(&plain, good, side(&[1, 2], Some(&domains))),
        Error::NoDomains { what: "query", .. }
    ));
    // One index for all domains is fine, merged; of its own for each it is not.
    assert!(plain.run(side(&[1, 2], Some(&domains)), good).is_ok());
    let short = Domains::from_names(["a"]);
    assert!(matches!(
        run(&plain, side(&[1, 2], Some(&short)), good),
        Error::Length { what: "query domains", .. }
    ));
    let scoped = Evaluation { scope: IndexScope::PerDomain, ..Evaluation::default() };
    assert!(matches!(run(&scoped, good, good), Error::NoDomains { .. }));
    assert!(matches!(
        run(&scoped, side(&[1, 2], Some(&domains)), good),
        Error::NoDomains { what: "index", .. }
    ));
    let metrics = |metrics| Evaluation { metrics, ..Evaluation::default() };
    assert_eq!(run(&metrics(vec![]), good, good), Error::NoMetrics);
    assert!(matches!(run(&metrics(vec![Metric::HitRate(0)]), good, good), Error::ZeroK { .. }));
    for id in [-1, 1] {
        assert_eq!(
            Domains::from_ids(&[0, id], &names).unwrap_err(),
            Error::UnknownDomain { row: 1, id, names: 1 }
        );
    }
}
