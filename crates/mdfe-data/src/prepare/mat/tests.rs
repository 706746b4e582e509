//! Against files written by scipy (`tests/reference/cars_mat.py`), by hand, and damaged.

use super::*;
use proptest::prelude::*;

const PLAIN: &[u8] = include_bytes!("../../../tests/fixtures/cars_plain.mat");
const COMPRESSED: &[u8] = include_bytes!("../../../tests/fixtures/cars_compressed.mat");

#[test]
fn a_file_is_read_compressed_or_not() {
    let plain = variables(PLAIN).unwrap();
    assert_eq!(plain, variables(COMPRESSED).unwrap());
    assert_eq!(plain[0], ("other".to_owned(), Value::Numbers(vec![1.5, -2.0])));
    let (name, Value::Struct { fields, elements }) = &plain[1] else { panic!("{plain:?}") };
    assert_eq!(name, "annotations");
    assert_eq!(*fields, ["bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname"]);
    let row = |i: usize| {
        elements[i].iter().map(|v| v.number().map_or_else(|| v.text().unwrap().into(), |n| n.to_string()))
    };
    assert_eq!(row(0).collect::<Vec<String>>(), ["39", "116", "569", "375", "14", "00001.jpg"]);
    assert_eq!(row(2).collect::<Vec<String>>(), ["85", "109", "60100", "381", "196", "00003.jpg"]);
    assert_eq!(elements.len(), 3);
}

/// A 1 x 2 array `ab` of int16 with the values 1 and -2, by hand from the format's description.
fn by_hand(big_endian: bool) -> Vec<u8> {
    let u32 = |v: u32| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let i16 = |v: i16| if big_endian { v.to_be_bytes() } else { v.to_le_bytes() };
    let mut file = vec![b' '; 124];
    file.extend(if big_endian { *b"\x01\x00MI" } else { *b"\x00\x01IM" });
    file.extend([u32(14), u32(56)].concat());
    file.extend([u32(6), u32(8), u32(10), u32(0)].concat()); // class 10: int16
    file.extend([u32(5), u32(8), u32(1), u32(2)].concat()); // shape 1 x 2
    file.extend([u32(2 << 16 | 1), *b"ab\0\0"].concat()); // name, a small element
    file.extend([u32(3), u32(4)].concat());
    file.extend([i16(1), i16(-2), [0; 2], [0; 2]].concat());
    file
}

#[test]
fn both_byte_orders_and_small_elements_are_read() {
    let expected = vec![("ab".to_owned(), Value::Numbers(vec![1.0, -2.0]))];
    assert_eq!(variables(&by_hand(false)).unwrap(), expected);
    assert_eq!(variables(&by_hand(true)).unwrap(), expected);
}

#[test]
fn a_struct_that_says_it_is_huge_is_an_error_and_takes_no_memory() {
    let mut file = PLAIN.to_vec();
    // The shape 1 x 3 of the struct array becomes 1 x (2^31 - 1).
    let shape = [1u32.to_le_bytes(), 3u32.to_le_bytes()].concat();
    let at = file.windows(8).position(|w| w == shape).unwrap();
    file[at + 4..at + 8].copy_from_slice(&(i32::MAX as u32).to_le_bytes());
    assert_eq!(variables(&file).unwrap_err(), "ends where an array inside an array should follow");
}

#[test]
fn a_variable_that_inflates_without_end_is_refused() {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    (0..40).for_each(|_| encoder.write_all(&zeros).unwrap());
    let bomb = encoder.finish().unwrap();
    let mut file = PLAIN[..HEADER].to_vec();
    file.extend(15u32.to_le_bytes());
    file.extend((bomb.len() as u32).to_le_bytes());
    file.extend(bomb);
    assert!(variables(&file).unwrap_err().starts_with("a variable decompresses to more than "));
}

#[test]
fn another_file_is_named_for_what_it_is_not() {
    let error = read(Path::new("x.mat"), b"\x89HDF").unwrap_err().to_string();
    assert_eq!(error, "x.mat: is no MATLAB 5 file; save it with `-v7` or earlier, not `-v7.3`");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn damaged_files_are_an_answer_or_an_error(
        damage in proptest::collection::vec((HEADER..PLAIN.len(), any::<u8>()), 1..8),
        cut in HEADER..PLAIN.len(),
    ) {
        let mut file = PLAIN.to_vec();
        for (at, byte) in damage {
            file[at] = byte;
        }
        let _ = variables(&file);
        let _ = variables(&file[..cut]);
    }

    #[test]
    fn damaged_compressed_files_are_an_answer_or_an_error(at in HEADER..COMPRESSED.len(), byte in any::<u8>()) {
        let mut file = COMPRESSED.to_vec();
        file[at] = byte;
        let _ = variables(&file);
    }

    #[test]
    fn any_bytes_after_a_header_are_an_answer_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = variables(&[&PLAIN[..HEADER], &bytes].concat());
    }
}
