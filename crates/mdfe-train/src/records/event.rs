//! TensorBoard's `Event`, written by hand: the few protocol buffer fields that scalars need.
//!
//! The messages are in TensorBoard's `compat/proto/event.proto` and `summary.proto`; a field is a key (number and wire type) and its value.

/// Wire types of protocol buffers.
const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;

/// Fields of `Event`.
mod field {
    pub(super) const WALL_TIME: u64 = 1;
    pub(super) const STEP: u64 = 2;
    pub(super) const FILE_VERSION: u64 = 3;
    pub(super) const SUMMARY: u64 = 5;
    pub(super) const SESSION_LOG: u64 = 7;
}

/// Where on the axes of TensorBoard an event stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct At {
    /// The step, counted from 0.
    pub(super) step: usize,
    /// Seconds since 1970.
    pub(super) wall_time: f64,
}

/// A value with its name in TensorBoard.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tagged<'a> {
    /// The chart that it belongs to; what stands before a slash is a group of charts.
    pub(crate) tag: &'a str,
    /// The value, stored as f32.
    pub(crate) value: f64,
}

/// The first event of every file.
pub(super) fn file_version(wall_time: f64) -> Vec<u8> {
    let mut out = begin(wall_time);
    bytes(&mut out, field::FILE_VERSION, b"brain.Event:2");
    out
}

/// Tells a TensorBoard that has read an earlier file of the same run to forget its steps from 0 on, which this file repeats.
pub(super) fn start(wall_time: f64) -> Vec<u8> {
    // SessionLog { status: START }
    let mut log = Vec::new();
    key(&mut log, 1, VARINT);
    varint(&mut log, 1);
    let mut out = begin(wall_time);
    bytes(&mut out, field::SESSION_LOG, &log);
    out
}

/// Scalars at one step.
pub(super) fn scalars(at: At, scalars: &[Tagged<'_>]) -> Vec<u8> {
    let mut out = begin(at.wall_time);
    if at.step > 0 {
        // As any protocol buffer writer does, 0 is left out.
        key(&mut out, field::STEP, VARINT);
        varint(&mut out, at.step as u64);
    }
    let mut summary = Vec::new();
    for &Tagged { tag, value } in scalars {
        // Summary.Value { tag: 1, simple_value: 2 }
        let mut one = Vec::new();
        bytes(&mut one, 1, tag.as_bytes());
        key(&mut one, 2, FIXED_32);
        one.extend((value as f32).to_le_bytes());
        bytes(&mut summary, 1, &one);
    }
    bytes(&mut out, field::SUMMARY, &summary);
    out
}

/// The step of an event of scalars; `None` for another event, or for what is none.
pub(super) fn step_of_scalars(mut data: &[u8]) -> Option<usize> {
    let (mut step, mut has_summary) = (0, false);
    while !data.is_empty() {
        let found = read_varint(&mut data)?;
        match found & 7 {
            VARINT => {
                let value = read_varint(&mut data)?;
                if found >> 3 == field::STEP {
                    step = usize::try_from(value).ok()?;
                }
            }
            FIXED_64 => data = data.get(8..)?,
            FIXED_32 => data = data.get(4..)?,
            BYTES => {
                let length = usize::try_from(read_varint(&mut data)?).ok()?;
                data = data.get(length..)?;
                has_summary |= found >> 3 == field::SUMMARY;
            }
            _ => return None,
        }
    }
    has_summary.then_some(step)
}

fn begin(wall_time: f64) -> Vec<u8> {
    let mut out = Vec::new();
    key(&mut out, field::WALL_TIME, FIXED_64);
    out.extend(wall_time.to_le_bytes());
    out
}

fn key(out: &mut Vec<u8>, number: u64, wire_type: u64) {
    varint(out, number << 3 | wire_type);
}

fn bytes(out: &mut Vec<u8>, number: u64, value: &[u8]) {
    key(out, number, BYTES);
    varint(out, value.len() as u64);
    out.extend(value);
}

/// Seven bits a byte, the lowest first; the high bit says that more follow.
fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_varint(data: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = data.split_first()?;
        *data = rest;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tests/reference/train/events.py` had TensorBoard write.
    const REFERENCE: &str = include_str!("../../tests/fixtures/events.json");

    #[test]
    fn bytes_are_those_that_tensorboard_writes() {
        let reference: serde_json::Value = serde_json::from_str(REFERENCE).unwrap();
        let same = |event: Vec<u8>, record: &serde_json::Value| {
            let mut bytes = Vec::new();
            crate::records::tf_record::push(&mut bytes, &event);
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, record.as_str().unwrap());
        };
        let wall_time = reference["wall_time"].as_f64().unwrap();
        same(file_version(wall_time), &reference["version"]);
        same(start(wall_time), &reference["start"]);
        for case in reference["cases"].as_array().unwrap() {
            let (step, wall_time) =
                (case["step"].as_u64().unwrap() as usize, case["wall_time"].as_f64().unwrap());
            let tagged = |pair: &'_ serde_json::Value| {
                (pair[0].as_str().unwrap().to_owned(), pair[1].as_f64().unwrap_or(f64::INFINITY))
            };
            let pairs: Vec<_> = case["scalars"].as_array().unwrap().iter().map(tagged).collect();
            let tagged: Vec<_> = pairs.iter().map(|(tag, value)| Tagged { tag, value: *value }).collect();
            same(scalars(At { step, wall_time }, &tagged), &case["record"]);
        }
    }

    #[test]
    fn steps_are_found_again() {
        let loss = [Tagged { tag: "loss", value: 1.5 }];
        for step in [0, 1, 127, 128, 300, 1_000_000, usize::MAX >> 1] {
            assert_eq!(step_of_scalars(&scalars(At { step, wall_time: 1e9 }, &loss)), Some(step));
        }
        assert_eq!(step_of_scalars(&file_version(1e9)), None);
        assert_eq!(step_of_scalars(&start(1e9)), None);
        assert_eq!(step_of_scalars(&[0xFF; 3]), None);
    }
}
