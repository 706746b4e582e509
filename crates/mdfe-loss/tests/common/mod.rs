//! The committed reference cases and comparisons. See tests/reference/loss/generate.py for where they come from.
#![allow(dead_code, unreachable_pub)]

use mdfe_loss::{CenterShape, LossOptions, LossState, MarginLoss};
use serde_json::Value;

/// One step of a reference case.
pub struct Step {
    pub labels: Vec<u32>,
    pub embedding: Vec<f32>,
    pub centers: Vec<f32>,
    pub loss: f64,
    pub embedding_grad: Vec<f32>,
    pub centers_grad: Vec<f32>,
    pub state: Vec<f64>,
}

/// A loss, its shape and consecutive steps.
pub struct Case {
    pub name: String,
    pub loss: MarginLoss,
    pub shape: CenterShape,
    pub steps: Vec<Step>,
}

/// All reference cases.
pub fn cases() -> Vec<Case> {
    let Value::Array(cases) = serde_json::from_str(include_str!("../fixtures/reference.json")).unwrap()
    else {
        panic!()
    };
    cases.iter().map(case).collect()
}

fn case(value: &Value) -> Case {
    let number = |key: &str| value[key].as_u64().unwrap() as usize;
    let counts: Vec<u64> = value["counts"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    let (num_classes, name) = (number("classes"), value["loss"].as_str().unwrap());
    let loss = MarginLoss::new(&options(name), num_classes, Some(&counts)).unwrap();
    let loss = loss.with_label_smoothing(value["label_smoothing"].as_f64().unwrap_or(0.0)).unwrap();
    let step = |step: &Value| Step {
        labels: step["labels"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as u32).collect(),
        embedding: floats(&step["embedding"]),
        centers: floats(&step["centers"]),
        loss: step["loss"].as_f64().unwrap(),
        embedding_grad: floats(&step["embedding_grad"]),
        centers_grad: floats(&step["centers_grad"]),
        state: step["state"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect(),
    };
    Case {
        name: format!("{name}, {}", value["name"].as_str().unwrap()),
        loss,
        shape: CenterShape { num_classes, sub_centers: number("sub_centers"), embed_dim: number("dim") },
        steps: value["steps"].as_array().unwrap().iter().map(step).collect(),
    }
}

/// The default options of a loss.
pub fn options(name: &str) -> LossOptions {
    LossOptions::all().into_iter().find(|options| options.name() == name).expect("a loss of the table")
}

/// The numbers of a state, in the order of its fields.
pub fn numbers(state: &LossState) -> Vec<f64> {
    let Value::Object(fields) = serde_json::to_value(state).unwrap() else { panic!("a state is an object") };
    fields.values().filter_map(Value::as_f64).collect()
}

/// Asserts that a state has these numbers and no others.
pub fn assert_state(what: &str, found: &LossState, expected: &[f64], tolerance: f64) {
    let found = numbers(found);
    assert_eq!(found.len(), expected.len(), "{what}: numbers of the state");
    found.iter().zip(expected).for_each(|(&a, &b)| assert_near(&format!("{what}, state"), a, b, tolerance));
}

/// The reference cases whose names say one of these; there must be some.
pub fn cases_of(kinds: &[&str]) -> Vec<Case> {
    let found: Vec<Case> =
        cases().into_iter().filter(|case| kinds.iter().any(|kind| case.name.contains(kind))).collect();
    assert!(!found.is_empty(), "no reference case is called {kinds:?}");
    found
}

/// Little-endian f32 values in base64.
fn floats(value: &Value) -> Vec<f32> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => u32::from(c - b'A'),
        b'a'..=b'z' => u32::from(c - b'a') + 26,
        b'0'..=b'9' => u32::from(c - b'0') + 52,
        b'+' => 62,
        b'/' => 63,
        _ => 0,
    };
    let text = value.as_str().unwrap().as_bytes();
    let group = |group: &[u8]| group.iter().fold(0, |bits, &c| bits << 6 | digit(c)).to_be_bytes();
    let bytes: Vec<u8> = text.chunks(4).flat_map(|four| group(four)[1..].to_vec()).collect();
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
}

/// Asserts that the largest difference is at most `tolerance` of the largest expected value (or of `floor`, if that is more).
pub fn assert_close(what: &str, found: &[f32], expected: &[f32], tolerance: f64, floor: f64) {
    assert_eq!(found.len(), expected.len(), "{what}: lengths");
    assert!(found.iter().all(|value| value.is_finite()), "{what}: not finite");
    let largest = expected.iter().map(|&v| f64::from(v).abs()).fold(floor, f64::max);
    let error =
        found.iter().zip(expected).map(|(&a, &b)| (f64::from(a) - f64::from(b)).abs()).fold(0.0, f64::max);
    assert!(error <= tolerance * largest, "{what}: off by {error:e}, the largest value is {largest:e}");
}

/// Asserts that two numbers differ by at most `tolerance` of the second, or of one if that is less than one.
pub fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    let error = (found - expected).abs();
    assert!(error <= tolerance * expected.abs().max(1.0), "{what}: {found} where {expected} is right");
}
