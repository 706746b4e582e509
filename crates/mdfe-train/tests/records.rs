//! TensorBoard's event file of a run, read by a reader that shares nothing with the writer.
#![allow(clippy::unwrap_used)]

use mdfe_train::{Observer, RunLog, Scalar, StepReport};
use std::path::{Path, PathBuf};

fn report(step: usize) -> StepReport {
    StepReport {
        step,
        epoch: step / 2,
        total_steps: 6,
        loss: 9.5 - step as f64,
        lr: 0.125,
        samples_per_s: 100.0,
    }
}

fn scalar(step: usize, value: f64) -> Scalar {
    Scalar { step, name: "valid/mMP@5".to_owned(), value }
}

/// An event: its step, its time and its scalars; none for the version and the start.
#[derive(Debug, PartialEq)]
struct Event {
    step: u64,
    time: f64,
    scalars: Vec<(String, f32)>,
}

/// CRC-32C bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc % 2 == 1 { (crc / 2) ^ 0x82F6_3B78 } else { crc / 2 };
        }
    }
    !crc
}

fn check(bytes: &[u8], stored: &[u8]) {
    let crc = crc32c(bytes);
    let masked = crc.rotate_left(17).wrapping_add(0xA282_EAD8);
    assert_eq!(u32::from_le_bytes(stored.try_into().unwrap()), masked);
}

/// The fields of a protocol buffer message: number and bytes; a varint as eight bytes.
fn fields(mut data: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(data: &mut &[u8]) -> u64 {
        let length = data.iter().position(|byte| *byte < 128).unwrap() + 1;
        let (own, rest) = data.split_at(length);
        *data = rest;
        own.iter().rev().fold(0, |value, byte| (value << 7) | u64::from(byte & 127))
    }
    let mut found = Vec::new();
    while !data.is_empty() {
        let key = varint(&mut data);
        let length = match key % 8 {
            0 => {
                found.push((key / 8, varint(&mut data).to_le_bytes().to_vec()));
                continue;
            }
            1 => 8,
            2 => varint(&mut data) as usize,
            5 => 4,
            other => unreachable!("wire type {other}"),
        };
        let (value, rest) = data.split_at(length);
        found.push((key / 8, value.to_vec()));
        data = rest;
    }
    found
}

/// The one event file of a run folder.
fn event_file(run: &Path) -> PathBuf {
    let mut files = std::fs::read_dir(run.join("tensorboard")).unwrap().map(|entry| entry.unwrap().path());
    let file = files.next().unwrap();
    assert!(file.file_name().unwrap().to_str().unwrap().starts_with("events.out.tfevents."));
    assert!(files.next().is_none(), "one file");
    file
}

/// Every event, the version and the start checked and left out.
fn events(run: &Path) -> Vec<Event> {
    let bytes = std::fs::read(event_file(run)).unwrap();
    let mut rest = bytes.as_slice();
    let mut found = Vec::new();
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        check(&rest[..8], &rest[8..12]);
        check(&rest[12..12 + length], &rest[12 + length..16 + length]);
        found.push(fields(&rest[12..12 + length]));
        rest = &rest[16 + length..];
    }
    assert!(found[0].contains(&(3, b"brain.Event:2".to_vec())), "{:?}", found[0]);
    assert!(found[1].contains(&(7, vec![8, 1])), "a start: {:?}", found[1]);
    let of = |event: &Vec<(u64, Vec<u8>)>, field: u64| {
        event.iter().find(|(number, _)| *number == field).map(|(_, value)| value.clone())
    };
    let scalar = |value: Vec<u8>| {
        let value = fields(&value);
        let tag = String::from_utf8(of(&value, 1).unwrap()).unwrap();
        (tag, f32::from_le_bytes(of(&value, 2).unwrap().try_into().unwrap()))
    };
    let event = |event: &Vec<(u64, Vec<u8>)>| Event {
        step: of(event, 2).map_or(0, |step| u64::from_le_bytes(step.try_into().unwrap())),
        time: f64::from_le_bytes(of(event, 1).unwrap().try_into().unwrap()),
        scalars: fields(&of(event, 5).unwrap()).into_iter().map(|(_, value)| scalar(value)).collect(),
    };
    found[2..].iter().map(event).collect()
}

fn steps(events: &[Event]) -> Vec<u64> {
    events.iter().map(|event| event.step).collect()
}

#[test]
fn event_file_holds_every_report_and_scalar() {
    assert_eq!((crc32c(b"123456789"), crc32c(&[0; 32])), (0xE306_9283, 0x8A91_36AA), "known checksums");
    let dir = tempfile::tempdir().unwrap();
    let before = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let mut log = RunLog::new(dir.path(), 0).unwrap();
    for step in 0..3 {
        log.step(&report(step)).unwrap();
    }
    log.scalar(&scalar(2, 0.75)).unwrap();
    // A kill runs no destructor.
    std::mem::forget(log);
    let found = events(dir.path());
    assert_eq!(steps(&found), [0, 1, 2, 2]);
    let named =
        |pairs: &[(&str, f32)]| pairs.iter().map(|(tag, v)| ((*tag).to_owned(), *v)).collect::<Vec<_>>();
    assert_eq!(
        found[2].scalars,
        named(&[("loss", 7.5), ("learning_rate", 0.125), ("samples_per_s", 100.0), ("epoch", 1.0)])
    );
    assert_eq!(found[3].scalars, named(&[("valid/mMP@5", 0.75)]));
    assert!(found.windows(2).all(|pair| pair[0].time <= pair[1].time) && found[0].time >= before);
}

#[test]
fn resumed_event_file_is_one_whole_record_with_its_times() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = RunLog::new(dir.path(), 0).unwrap();
    (0..4).for_each(|step| log.step(&report(step)).unwrap());
    log.scalar(&scalar(1, 0.5)).unwrap();
    log.scalar(&scalar(3, 0.25)).unwrap();
    drop(log);
    let first = event_file(dir.path());
    let before = events(dir.path());
    // Half a record at the end, as a kill leaves it.
    let bytes = std::fs::read(&first).unwrap();
    std::fs::write(&first, &bytes[..bytes.len() - 3]).unwrap();
    let mut log = RunLog::new(dir.path(), 3).unwrap();
    (3..6).for_each(|step| log.step(&report(step)).unwrap());
    log.scalar(&scalar(5, 0.875)).unwrap();
    log.finish().unwrap();
    let after = events(dir.path());
    assert_eq!(steps(&after), [0, 1, 2, 1, 3, 4, 5, 5]);
    assert_eq!(after[..3], before[..3], "kept with their times");
    assert_eq!(after[3], before[4]);
    // TensorBoard goes on to the file that follows by name.
    assert!(event_file(dir.path()).file_name() > first.file_name() && !first.exists());
    let svg = std::fs::read_to_string(dir.path().join("valid.svg")).unwrap();
    assert!(svg.contains("valid/mMP@5"), "the curve of the validation is drawn and named");
    // A record that another build left without event files gets them.
    std::fs::remove_dir_all(dir.path().join("tensorboard")).unwrap();
    drop(RunLog::new(dir.path(), 5).unwrap());
    assert_eq!(steps(&events(dir.path())), [0, 1, 2, 1, 3, 4]);
    // Beginning again forgets all.
    drop(RunLog::new(dir.path(), 0).unwrap());
    assert!(events(dir.path()).is_empty());
}
