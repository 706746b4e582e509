//! What must hold for every member of the family.
// A test may fail loudly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{assert_close, assert_near};
use mdfe_loss::{
    ArcFace, Batch, CenterMatch, CenterShape, CenterUpdate, Centers, ClassSample, CosFace, DynamicMargin,
    Error, FusedStep, Gradients, Level, LossOptions, LossState, MarginLoss, NormalizedSoftmax,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Random inputs of a shape, and a loss for it.
struct Setup {
    shape: CenterShape,
    embedding: Vec<f32>,
    labels: Vec<u32>,
    centers: Vec<f32>,
}

fn setup(num_classes: usize, sub_centers: usize, embed_dim: usize, batch: usize) -> Setup {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let shape = CenterShape { num_classes, sub_centers, embed_dim };
    let embedding = (0..batch * embed_dim).map(|_| rng.random::<f32>() - 0.5).collect();
    let labels = (0..batch).map(|_| rng.random_range(0..num_classes as u32)).collect();
    Setup { shape, embedding, labels, centers: shape.xavier_uniform(&mut rng) }
}

impl Setup {
    fn batch(&self) -> Batch<'_> {
        Batch { embedding: &self.embedding, labels: &self.labels }
    }

    fn loss(&self, options: &LossOptions) -> MarginLoss {
        let counts: Vec<u64> = (1..=self.shape.num_classes as u64).collect();
        MarginLoss::new(options, self.shape.num_classes, Some(&counts)).unwrap()
    }

    fn run(&self, options: &LossOptions, block: Option<usize>) -> (Gradients, LossState) {
        let loss = self.loss(options);
        let mut state = loss.initial_state();
        let mut fused = FusedStep::new(loss, self.shape).unwrap();
        if let Some(block) = block {
            fused.set_block_classes(block).unwrap();
        }
        (fused.loss_and_grad(self.batch(), &self.centers, &mut state).unwrap(), state)
    }
}

#[test]
fn every_block_size_gives_the_same_result() {
    let setup = setup(203, 3, 20, 9);
    for options in LossOptions::all() {
        let (whole, _) = setup.run(&options, Some(1000));
        for block in [1, 2, 7, 64, 203] {
            let (found, _) = setup.run(&options, Some(block));
            // Only the order of f32 sums differs.
            assert_near("loss", found.loss, whole.loss, 1e-6);
            assert_close("embedding", &found.embedding, &whole.embedding, 3e-6, 1e-9);
            assert_close("centers", &found.centers, &whole.centers, 3e-6, 1e-9);
        }
    }
}

#[test]
fn every_level_gives_the_same_result_but_for_rounding() {
    let setup = setup(203, 3, 20, 9);
    for options in LossOptions::all() {
        let with = |level| {
            let loss = setup.loss(&options);
            let mut state = loss.initial_state();
            let mut fused = FusedStep::new(loss, setup.shape).unwrap();
            fused.set_level(level);
            fused.loss_and_grad(setup.batch(), &setup.centers, &mut state).unwrap()
        };
        let expected = with(Level::current());
        assert_eq!(setup.run(&options, None).0, expected, "the current level is the one in use");
        for level in Level::available() {
            let found = with(level);
            assert_near("loss", found.loss, expected.loss, 1e-6);
            assert_close("embedding", &found.embedding, &expected.embedding, 3e-6, 1e-9);
            assert_close("centers", &found.centers, &expected.centers, 3e-6, 1e-9);
        }
    }
}

#[test]
fn every_number_of_threads_gives_the_same_bytes() {
    let setup = setup(301, 3, 17, 12);
    for options in LossOptions::all() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| setup.run(&options, Some(2)))
        };
        let one = with(1);
        assert_eq!(one, with(2));
        assert_eq!(one, with(5));
    }
}

#[test]
fn margin_zero_is_scaled_softmax() {
    let setup = setup(50, 2, 16, 8);
    let softmax = setup.run(&LossOptions::NormalizedSoftmax(NormalizedSoftmax { scale: 30.0 }), None).0;
    for options in [
        LossOptions::ArcFace(ArcFace { scale: 30.0, margin: 0.0 }),
        LossOptions::CosFace(CosFace { scale: 30.0, margin: 0.0 }),
        LossOptions::DynamicMargin(DynamicMargin {
            scale: 30.0,
            margins: Some(vec![0.0; 50]),
            ..Default::default()
        }),
    ] {
        let found = setup.run(&options, None).0;
        assert_near("loss", found.loss, softmax.loss, 1e-12);
        assert_close("embedding", &found.embedding, &softmax.embedding, 1e-7, 1e-9);
        assert_close("centers", &found.centers, &softmax.centers, 1e-7, 1e-9);
    }
}

#[test]
fn rarer_class_gets_the_larger_margin() {
    let options = DynamicMargin::default();
    let margins = options.margins_of(&[10, 1, 100, 55, 10]);
    assert_eq!((margins[1], margins[2]), (0.5, 0.2));
    assert!(margins[1] > margins[0] && margins[0] > margins[3] && margins[3] > margins[2]);
    assert_eq!(margins[0], margins[4]);
    assert_eq!(options.margins_of(&[6, 6]), [0.35, 0.35]);
}

#[test]
fn permuting_the_classes_permutes_the_gradients() {
    let setup = setup(31, 3, 8, 6);
    let width = 3 * 8;
    let reverse = |values: &[f32]| values.chunks(width).rev().flatten().copied().collect::<Vec<f32>>();
    let turned = Setup {
        shape: setup.shape,
        embedding: setup.embedding.clone(),
        labels: setup.labels.iter().map(|label| 30 - label).collect(),
        centers: reverse(&setup.centers),
    };
    for options in
        LossOptions::all().iter().filter(|options| !matches!(options, LossOptions::DynamicMargin(_)))
    {
        let (found, expected) = (turned.run(options, None).0, setup.run(options, None).0);
        assert_near("loss", found.loss, expected.loss, 1e-6);
        assert_close("embedding", &found.embedding, &expected.embedding, 3e-6, 1e-9);
        assert_close("centers", &found.centers, &reverse(&expected.centers), 3e-6, 1e-9);
    }
}

/// w -= g, and a record of the rows that were touched.
struct Descent<'a> {
    touched: &'a mut [u8],
    width: usize,
}

impl CenterUpdate for Descent<'_> {
    fn split_at(self, rows: usize) -> (Self, Self) {
        let (left, right) = self.touched.split_at_mut(rows);
        (Self { touched: left, width: self.width }, Self { touched: right, width: self.width })
    }

    fn update(&mut self, first_row: usize, centers: &mut [f32], gradient: &[f32]) {
        self.touched[first_row..][..centers.len() / self.width].iter_mut().for_each(|row| *row += 1);
        centers.iter_mut().zip(gradient).for_each(|(w, g)| *w -= g);
    }
}

#[test]
fn update_in_the_step_equals_update_after_it() {
    for sub_centers in [1, 3] {
        let setup = setup(333, sub_centers, 12, 10);
        let (expected, _) = setup.run(&LossOptions::default(), None);
        let (mut centers, mut touched) = (setup.centers.clone(), vec![0; setup.shape.rows()]);
        let loss = setup.loss(&LossOptions::default());
        let mut state = loss.initial_state();
        let mut fused = FusedStep::new(loss, setup.shape).unwrap();
        let update = Descent { touched: &mut touched, width: 12 };
        let output = fused.step(setup.batch(), &mut centers, &mut state, update).unwrap();
        assert_eq!((output.loss, &output.embedding), (expected.loss, &expected.embedding));
        assert!(touched.iter().all(|&times| times == 1));
        let after: Vec<f32> = setup.centers.iter().zip(&expected.centers).map(|(w, g)| w - g).collect();
        assert_eq!(centers, after);
    }
}

#[test]
fn sampled_step_equals_a_step_over_those_classes_alone() {
    let setup = setup(400, 2, 8, 6);
    let sample = ClassSample::draw(&setup.labels, 400, 0.1, &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    assert_eq!(sample.classes().len(), 40);
    assert_eq!(
        sample,
        ClassSample::draw(&setup.labels, 400, 0.1, &mut ChaCha8Rng::seed_from_u64(1)).unwrap()
    );
    let place = |label: &u32| sample.classes().binary_search(label).unwrap() as u32;
    let small = Setup {
        shape: CenterShape { num_classes: 40, ..setup.shape },
        embedding: setup.embedding.clone(),
        labels: setup.labels.iter().map(place).collect(),
        centers: sample.classes().iter().flatten_rows(&setup.centers, 16),
    };
    let (expected, _) = small.run(&LossOptions::default(), None);
    let loss = setup.loss(&LossOptions::default());
    let mut fused = FusedStep::new(loss, setup.shape).unwrap();
    fused.sample_classes(Some(sample.clone())).unwrap();
    let (mut centers, mut touched) = (setup.centers.clone(), vec![0; 800]);
    let found = fused.loss_and_grad(setup.batch(), &centers, &mut LossState::Stateless).unwrap();
    assert_eq!((found.loss, &found.embedding), (expected.loss, &expected.embedding));
    assert_eq!(sample.classes().iter().flatten_rows(&found.centers, 16), expected.centers);
    let update = Descent { touched: &mut touched, width: 8 };
    fused.step(setup.batch(), &mut centers, &mut LossState::Stateless, update).unwrap();
    for (row, &times) in touched.iter().enumerate() {
        assert_eq!(times == 1, sample.classes().contains(&((row / 2) as u32)), "row {row}");
    }
}

/// Gathers rows by class.
trait FlattenRows {
    fn flatten_rows(self, values: &[f32], width: usize) -> Vec<f32>;
}

impl<'a, I: Iterator<Item = &'a u32>> FlattenRows for I {
    fn flatten_rows(self, values: &[f32], width: usize) -> Vec<f32> {
        self.flat_map(|&class| values[class as usize * width..][..width].to_vec()).collect()
    }
}

#[test]
fn ties_between_sub_centers_go_to_the_first() {
    let mut setup = setup(9, 3, 8, 4);
    for class in setup.centers.chunks_mut(24) {
        let first = class[..8].to_vec();
        class[8..16].copy_from_slice(&first);
        class[16..].copy_from_slice(&first);
    }
    let (found, _) = setup.run(&LossOptions::default(), None);
    for class in found.centers.chunks(24) {
        assert!(class[..8].iter().any(|&g| g != 0.0));
        assert!(class[8..].iter().all(|&g| g == 0.0));
    }
}

#[test]
fn bad_input_is_an_error_that_names_it_and_changes_nothing() {
    let mut setup = setup(5, 2, 4, 3);
    let loss = setup.loss(&LossOptions::AdaCos(Default::default()));
    let initial = loss.initial_state();
    let mut fused = FusedStep::new(loss, setup.shape).unwrap();
    let mut state = initial.clone();
    let mut run = |setup: &Setup, state: &mut LossState| {
        fused.loss_and_grad(setup.batch(), &setup.centers, state).unwrap_err()
    };
    assert!(matches!(run(&setup, &mut LossState::Stateless), Error::State { loss: "AdaCos", .. }));
    setup.labels[1] = 5;
    let error = run(&setup, &mut state);
    assert!(matches!(error, Error::Label { label: 5, sample: 1, num_classes: 5 }));
    assert!(error.to_string().starts_with("label 5 of sample 1 is out of range"));
    setup.labels[1] = 4;
    setup.centers[9] = f32::NAN;
    assert!(matches!(run(&setup, &mut state), Error::NotFinite { what: "centers", row: 2 }));
    setup.centers[9] = 0.0;
    setup.embedding[5] = f32::INFINITY;
    assert!(matches!(run(&setup, &mut state), Error::NotFinite { what: "embedding", row: 1 }));
    setup.embedding.pop();
    assert!(matches!(run(&setup, &mut state), Error::Shape { what: "the embedding", .. }));
    setup.centers.pop();
    assert!(matches!(run(&setup, &mut state), Error::Shape { what: "the centers", .. }));
    assert_eq!(state, initial);
    for amount in [-0.1, 1.0, f64::NAN] {
        let error = setup.loss(&LossOptions::default()).with_label_smoothing(amount).unwrap_err();
        assert!(error.to_string().contains("label_smoothing"), "{error}");
    }
    let bad = LossOptions::ArcFace(ArcFace { margin: f64::NAN, ..Default::default() });
    assert!(matches!(MarginLoss::new(&bad, 5, None), Err(Error::Option { option: "margin", .. })));
    let clam = LossOptions::DynamicMargin(Default::default());
    assert!(matches!(MarginLoss::new(&clam, 5, None), Err(Error::NoClassCounts { num_classes: 5 })));
}

#[test]
fn evaluation_leaves_the_state_and_equals_the_training_loss_of_that_state() {
    let setup = setup(60, 3, 8, 5);
    for options in LossOptions::all() {
        let (trained, state) = setup.run(&options, None);
        let mut fused = FusedStep::new(setup.loss(&options), setup.shape).unwrap();
        let value = fused.loss(setup.batch(), &setup.centers, &state).unwrap();
        assert_eq!(value, trained.loss, "{options:?}");
    }
}

#[test]
fn options_and_states_survive_json_and_unknown_options_are_errors() {
    for options in LossOptions::all() {
        let text = serde_json::to_string(&options).unwrap();
        assert_eq!(serde_json::from_str::<LossOptions>(&text).unwrap(), options);
        let counts = [3, 4, 5];
        let state = MarginLoss::new(&options, 3, Some(&counts)).unwrap().initial_state();
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<LossState>(&text).unwrap(), state);
    }
    let parse = serde_json::from_str::<LossOptions>;
    assert_eq!(parse(r#"{"name": "DynM-ArcFace"}"#).unwrap(), LossOptions::DynamicMargin(Default::default()));
    assert!(parse(r#"{"name": "ArcFace", "magin": 0.3}"#).unwrap_err().to_string().contains("magin"));
    assert!(parse(r#"{"name": "ArcFase"}"#).unwrap_err().to_string().contains("ArcFace"));
}

#[test]
fn inference_finds_classes_dominant_sub_centers_and_outliers() {
    let shape = CenterShape { num_classes: 2, sub_centers: 2, embed_dim: 2 };
    let centers = Centers::new(&[2.0, 0.0, -1.0, 0.0, 0.0, 3.0, 0.0, -1.0], shape).unwrap();
    let embedding = [1.0, 0.1, 5.0, 0.0, -3.0, 0.0, 0.0, 2.0];
    let found = centers.predict(&embedding).unwrap();
    assert_eq!(
        found.iter().map(|m| (m.class, m.sub_center)).collect::<Vec<_>>(),
        [(0, 0), (0, 0), (0, 1), (1, 0)]
    );
    let batch = Batch { embedding: &embedding, labels: &[0, 0, 0, 1] };
    let assigned: Vec<CenterMatch> = centers.assign(batch).unwrap();
    let dominant = centers.dominant_sub_centers(&assigned);
    assert_eq!(dominant, [Some(0), Some(0)]);
    let scores = centers.outlier_scores(batch, &dominant).unwrap();
    assert!(scores[0] < 0.11 && scores[1] < 1e-3 && scores[2] > 3.0 && scores[3] < 1e-3);
    let cosine = centers.cosine(&embedding).unwrap();
    assert_eq!((cosine.len(), cosine[2], cosine[4]), (8, 1.0, 1.0));
}
