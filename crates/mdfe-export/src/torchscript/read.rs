//! A TorchScript archive as it lies on disk: what this crate's writer may put there, and nothing else.

use super::{
    CODE, MODULE, ROOT,
    code::CLASS,
    expression::{Expression, parse},
};
use crate::zip;
use candle_core::{
    DType, Device, Tensor,
    pickle::{Object, Stack},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

/// The part of the code that works on pixels, and the tensors of the module.
pub(super) struct Contents {
    /// `name = expression`, in order.
    pub(super) steps: Vec<(String, Expression)>,
    /// The name of what is returned.
    pub(super) output: String,
    /// The module's attributes.
    pub(super) tensors: BTreeMap<String, Tensor>,
}

/// What is wrong with an archive, in words that go behind "is damaged: ".
type Read<T> = std::result::Result<T, String>;

/// Reads the archive in `bytes`.
pub(super) fn read(bytes: &[u8]) -> Read<Contents> {
    let entries = zip::read(bytes).ok_or("it is no archive of stored entries, or a byte of it differs")?;
    let entry = |name: &str| {
        let name = format!("{ROOT}/{name}");
        entries.get(&name).copied().ok_or_else(|| format!("it has no entry {name}"))
    };
    let tensors = attributes(entry(MODULE)?, &entry)?;
    let code = std::str::from_utf8(entry(CODE)?).map_err(|_| "its code is no text".to_owned())?;
    let declared: BTreeSet<&str> =
        code.lines().filter_map(|line| line.trim().strip_suffix(" : Tensor")).collect();
    if !tensors.keys().map(String::as_str).eq(declared) {
        return Err("the tensors that its code declares are not those that it has".to_owned());
    }
    let (steps, output) = steps(code)?;
    Ok(Contents { steps, output, tensors })
}

/// The tensors of the object in `pickle`, whose bytes `entry` finds.
fn attributes<'a>(pickle: &[u8], entry: &impl Fn(&str) -> Read<&'a [u8]>) -> Read<BTreeMap<String, Tensor>> {
    let unreadable = |e: candle_core::Error| format!("its {MODULE} cannot be read: {e}");
    let mut stack = Stack::empty();
    stack.read_loop(&mut &pickle[..]).map_err(unreadable)?;
    let state = match stack.finalize().map_err(unreadable)? {
        Object::Build { callable, args } => match (*callable, *args) {
            (Object::Reduce { callable, .. }, Object::Dict(state)) if is_module(&callable) => state,
            _ => return Err(format!("its {MODULE} holds no {CLASS}")),
        },
        _ => return Err(format!("its {MODULE} holds no object")),
    };
    let mut tensors = BTreeMap::new();
    for (name, value) in state {
        // The other attributes are a flag and None.
        let Some(info) = value.into_tensor_info(name, Path::new("data")).map_err(unreadable)? else {
            continue;
        };
        let misfit = || format!("{} is not where its {MODULE} says", info.name);
        let values = entry(&info.path)?;
        let shape = info.layout.shape();
        if info.dtype != DType::F32 || !info.layout.is_contiguous() || values.len() != 4 * shape.elem_count()
        {
            return Err(misfit());
        }
        let values: Vec<f32> = values.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu).map_err(|_| misfit())?;
        tensors.insert(info.name, tensor);
    }
    Ok(tensors)
}

fn is_module(class: &Object) -> bool {
    matches!(class, Object::Class { module_name, class_name } if module_name == "__torch__" && class_name == CLASS)
}

/// The lines of `forward` from the one that takes the pixels on.
fn steps(code: &str) -> Read<(Vec<(String, Expression)>, String)> {
    let mut steps = Vec::new();
    for line in code.lines().skip_while(|line| !line.starts_with("    v0 = ")) {
        let not_read = || format!("the line `{}` of its code cannot be read", line.trim());
        if let Some(output) = line.strip_prefix("    return ") {
            return Ok((steps, output.to_owned()));
        }
        let (name, expression) = line.trim().split_once(" = ").ok_or_else(not_read)?;
        steps.push((name.to_owned(), parse(expression).ok_or_else(not_read)?));
    }
    Err("its code returns nothing".to_owned())
}
