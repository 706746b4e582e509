//! Matrix elements: flags, shape, name, then what the class of the array says.

use super::{
    MAX_DEPTH, Parsed, Value,
    element::{Elements, Kind},
};

/// Parses the data of a matrix element into its name and value.
pub(super) fn parse(data: &[u8], big_endian: bool, depth: usize) -> Parsed<(String, Value)> {
    if depth > MAX_DEPTH {
        return Err(format!("arrays hold arrays more than {MAX_DEPTH} deep"));
    }
    // An array without elements may be written as a matrix of no bytes.
    if data.is_empty() {
        return Ok((String::new(), Value::Numbers(Vec::new())));
    }
    let mut elements = Elements::new(data, big_endian);
    let flags = elements.expect("the flags of an array")?.numbers()?;
    let class = flags.first().map_or(0, |f| *f as u32 & 0xff);
    if class == 17 {
        // An opaque object has no shape.
        return Ok((String::new(), Value::Other));
    }
    let shape = elements.expect("the shape of an array")?.numbers()?;
    let name = elements.expect("the name of an array")?.text()?;
    let mut part = Nested { elements, big_endian, depth };
    let value = match class {
        1 => Value::Cells(part.arrays(count(&shape)?)?),
        2 => part.structure(count(&shape)?)?,
        4 => Value::Text(part.elements.next()?.map_or(Ok(String::new()), |e| e.text())?),
        6..=15 => Value::Numbers(part.elements.next()?.map_or(Ok(Vec::new()), |e| e.numbers())?),
        _ => Value::Other,
    };
    Ok((name, value))
}

/// The number of elements of a shape.
fn count(shape: &[f64]) -> Parsed<usize> {
    let product = shape.iter().try_fold(1usize, |n, side| {
        let side = (*side >= 0.0 && *side < f64::from(u32::MAX)).then_some(*side as usize)?;
        n.checked_mul(side)
    });
    product.filter(|_| !shape.is_empty()).ok_or_else(|| format!("an array has the shape {shape:?}"))
}

/// Arrays inside an array.
struct Nested<'a> {
    elements: Elements<'a>,
    big_endian: bool,
    depth: usize,
}

impl Nested<'_> {
    /// `n` arrays. Each takes at least its tag of the bytes that are there, so `n` alone makes nothing large.
    fn arrays(&mut self, n: usize) -> Parsed<Vec<Value>> {
        let mut values = Vec::new();
        for _ in 0..n {
            let element = self.elements.expect("an array inside an array")?;
            if element.kind != Kind::Matrix {
                return Err(format!("an element of type {:?} stands where an array belongs", element.kind));
            }
            values.push(parse(element.data, self.big_endian, self.depth + 1)?.1);
        }
        Ok(values)
    }

    /// Field names of one fixed length, then the values, element by element.
    fn structure(&mut self, n: usize) -> Parsed<Value> {
        let length = self.elements.expect("the length of field names")?.numbers()?;
        let length = length.first().map_or(0, |l| *l as usize);
        let names = self.elements.expect("the field names")?.text()?;
        if length == 0 {
            // A struct without fields has nothing to hold, however many elements it says it has.
            return Ok(Value::Struct { fields: Vec::new(), elements: Vec::new() });
        }
        let bytes = names.into_bytes();
        let name = |chunk: &[u8]| {
            let end = chunk.iter().position(|b| *b == 0).unwrap_or(chunk.len());
            String::from_utf8_lossy(&chunk[..end]).into_owned()
        };
        let fields: Vec<String> = bytes.chunks(length).map(name).collect();
        let mut elements = Vec::new();
        if !fields.is_empty() {
            for _ in 0..n {
                elements.push(self.arrays(fields.len())?);
            }
        }
        Ok(Value::Struct { fields, elements })
    }
}
