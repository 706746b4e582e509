//! The one pickle of an archive: an object whose attributes are tensors.

use super::code::Attribute;

/// The pickle of `()`.
pub(super) const EMPTY_TUPLE: &[u8] = b"\x80\x02).";

/// An object of the class `class` with `attributes` whose bytes lie in `data/N`, in order.
pub(super) fn module(class: &str, attributes: &[Attribute]) -> Vec<u8> {
    let mut out = Pickle(b"\x80\x02".to_vec());
    out.global("__torch__", class);
    // The object, made without arguments, and its state, a dictionary.
    out.raw(b")\x81}(");
    for (i, attribute) in attributes.iter().enumerate() {
        out.text(&attribute.name);
        out.tensor(&i.to_string(), attribute.tensor.dims());
    }
    out.text("training");
    out.raw(b"\x89");
    out.text("_is_full_backward_hook");
    out.raw(b"Nub.");
    out.0
}

struct Pickle(Vec<u8>);

impl Pickle {
    fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.raw(b"X");
        self.raw(&(text.len() as u32).to_le_bytes());
        self.raw(text.as_bytes());
    }

    fn global(&mut self, module: &str, name: &str) {
        self.raw(format!("c{module}\n{name}\n").as_bytes());
    }

    fn integer(&mut self, value: usize) {
        if let Ok(value) = u8::try_from(value) {
            self.raw(&[b'K', value]);
        } else if let Ok(value) = i32::try_from(value) {
            self.raw(b"J");
            self.raw(&value.to_le_bytes());
        } else {
            // LONG1: eight bytes, two's complement.
            self.raw(&[0x8a, 8]);
            self.raw(&(value as u64).to_le_bytes());
        }
    }

    fn integers(&mut self, values: impl IntoIterator<Item = usize>) {
        self.raw(b"(");
        values.into_iter().for_each(|value| self.integer(value));
        self.raw(b"t");
    }

    /// `torch._utils._rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict())`.
    fn tensor(&mut self, key: &str, shape: &[usize]) {
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.raw(b"((");
        self.text("storage");
        self.global("torch", "FloatStorage");
        self.text(key);
        self.text("cpu");
        self.integer(shape.iter().product());
        self.raw(b"tQ");
        self.integer(0);
        self.integers(shape.iter().copied());
        let strides = (0..shape.len()).map(|axis| shape[axis + 1..].iter().product());
        self.integers(strides);
        self.raw(b"\x89");
        self.global("collections", "OrderedDict");
        self.raw(b")RtR");
    }
}
