use super::*;
use crate::identity::Fingerprint;
use image::{Rgb, RgbImage};

/// A tar made by hand: name and bytes of each member, and the two empty blocks.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, bytes) in members {
        let mut block = [0u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        block[156] = b'0';
        block[257..263].copy_from_slice(b"ustar\0");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend(block);
        out.extend(*bytes);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

#[test]
fn a_member_of_a_tar_is_read_by_its_path_and_what_is_not_there_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    std::fs::write(&path, tar(&[("./a/1.jpg", b"one"), ("2.jpg", b"two"), ("../3.jpg", b"out")])).unwrap();
    let reader = ImageReader::default();
    assert_eq!(reader.read(&path.join("a/1.jpg")).unwrap(), b"one");
    assert_eq!(reader.read(&path.join("2.jpg")).unwrap(), b"two");
    assert_eq!(container(&path.join("a/1.jpg")), Some(&*path));
    for (name, reason) in [("3.jpg", "no such member"), ("", "name one of its members")] {
        let wanted = if name.is_empty() { path.clone() } else { path.join(name) };
        let message = reader.read(&wanted).unwrap_err().to_string();
        assert!(message.contains("x.tar") && message.contains(reason), "{message}");
    }
    let refused = TarIndex::open(&path).unwrap().refused;
    assert_eq!(refused, [("../3.jpg".to_owned(), "its name leads out of the tar".to_owned())]);
    let message = reader.read(&dir.path().join("gone.jpg")).unwrap_err().to_string();
    assert!(message.contains("gone.jpg"), "{message}");
}

#[test]
fn a_damaged_tar_keeps_the_members_before_the_damage_and_says_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.tar");
    let whole = tar(&[("1.jpg", b"one"), ("2.jpg", &[7; 600]), ("3.jpg", b"three")]);
    let damaged = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let index = TarIndex::open(&path).unwrap();
        (index.members.len(), index.fault.unwrap_or_default())
    };
    assert_eq!(damaged(&whole), (3, String::new()));
    for (end, members, reason) in [
        (0, 0, "is empty"),
        (100, 0, "cut off in the header at byte 0"),
        (1024, 1, "lacks the two empty blocks"),
        (1700, 1, "cut off: its member 2.jpg goes on to byte 2136, the file has 1700"),
        (2600, 2, "cut off in the header at byte 2560"),
    ] {
        let (found, fault) = damaged(&whole[..end]);
        assert!(found == members && fault.contains(reason), "{end}: {found} {fault}");
    }
    let mut flipped = whole.clone();
    flipped[1024] ^= 1;
    let (found, fault) = damaged(&flipped);
    assert!(found == 1 && fault.contains("damaged at byte 1024"), "{fault}");
    let (_, fault) = damaged(&[0x1f, 0x8b].repeat(400));
    assert!(fault.contains("gunzip"), "{fault}");
    // Any byte that is changed, and any end, is an error or not, but never a panic.
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] = bytes[at].wrapping_add(0x81);
        damaged(&bytes);
    }
}

#[test]
fn a_box_is_an_image_of_its_own_and_the_same_bytes_each_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.png");
    RgbImage::from_fn(100, 60, |x, y| Rgb([x as u8, y as u8, 0])).save(&path).unwrap();
    let reader = ImageReader::default();
    let part = path.join(box_name([10.0, 20.0, 60.0, 40.0]));
    let bytes = reader.read(&part).unwrap();
    let image = crate::decode(&part).unwrap();
    // 2 % of 50 x 20 around it, rounded: 9..61 across and 20..40 down.
    assert_eq!((image.width(), image.height(), image.get_pixel(0, 0).0), (52, 20, [9, 20, 0]));
    assert_eq!(Fingerprint::of(&bytes), Fingerprint::of(&reader.read(&part).unwrap()));
    let message = reader.read(&path.join(box_name([200.0, 0.0, 300.0, 9.0]))).unwrap_err().to_string();
    assert!(message.contains("outside of the image of 100 x 60"), "{message}");
    // The box of a member: the image is read from the tar.
    let tarred = dir.path().join("x.tar");
    std::fs::write(&tarred, tar(&[("a.png", &std::fs::read(&path).unwrap())])).unwrap();
    assert_eq!(reader.read(&tarred.join("a.png/box=10,20,60,40")).unwrap(), bytes);
}
