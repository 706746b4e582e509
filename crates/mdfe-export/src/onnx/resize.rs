//! From bytes of any size to pixels, as nodes: Pillow's resize in whole numbers. The operator `Resize` rounds neither weights nor
//! between the passes as Pillow does; a pass here is a product with Pillow's weights in f64, where sums of bytes are exact.

use super::{
    PIXELS,
    nodes::{Name, Nodes},
    wire::{Attribute, Axis, Message, Type, value_info},
};
use mdfe_data::{CropMode, Interpolation, PreprocessRecord};

fn cast(nodes: &mut Nodes, x: &str, to: Type) -> Name {
    nodes.add_with("Cast", &[x], &[("to", Attribute::Int(to as i64))])
}

/// Adds the nodes from `image` to pixels in f32, and returns their name.
pub(super) fn add(nodes: &mut Nodes, record: &PreprocessRecord) -> Name {
    let source = [2, 3].map(|axis| {
        let part = [("start", Attribute::Int(axis)), ("end", Attribute::Int(axis + 1))];
        let length = nodes.add_with("Shape", &["image"], &part);
        nodes.add("Squeeze", &[&length])
    });
    let target = resized(nodes, record, &source);
    let mut weights = Vec::new();
    for axis in 0..2 {
        let crop = record.size[axis];
        let first = origin(nodes, &target[axis], crop);
        let axis = Taps { source: &source[axis], resized: &target[axis], first: &first, count: crop };
        weights.push(axis.add(nodes, record.interpolation));
    }
    let down = weights[0].clone();
    let across = nodes.add_with("Transpose", &[&weights[1]], &[("perm", Attribute::Ints(vec![1, 0]))]);
    let bytes = cast(nodes, "image", Type::Double);
    let lost = nodes.add("Sub", &[&source[0], &target[0]]);
    let beside = nodes.add("Sub", &[&source[1], &target[1]]);
    let (zero, two) = (nodes.int(0), nodes.int(2));
    let beside = nodes.add("Mul", &[&beside, &two]);
    let least = nodes.add("Max", &[&beside, &zero]);
    // Since Pillow 13 the vertical pass comes first where it loses more than twice as much.
    let vertical_first = nodes.add("Greater", &[&lost, &least]);
    let passes = |prefix: &'static str, vertical_first: bool| {
        let mut branch = Nodes::branch(prefix);
        let mut x = bytes.clone();
        for vertical in [vertical_first, !vertical_first] {
            let factors = if vertical { [&down, &x] } else { [&x, &across] };
            let sums = branch.add("MatMul", &factors.map(String::as_str));
            x = to_bytes(&mut branch, &sums);
        }
        branch_graph(branch, prefix, &x)
    };
    let branches = [
        ("then_branch", Attribute::Graph(passes("vertical_first_", true))),
        ("else_branch", Attribute::Graph(passes("horizontal_first_", false))),
    ];
    let mut resized = nodes.add_with("If", &[&vertical_first], &branches);
    if record.crop_mode == CropMode::Longest && record.fill != 0 {
        resized = fill(nodes, record.fill, [&resized, &down, &across]);
    }
    normalized(nodes, record, &resized)
}

/// A branch of `If` without inputs of its own.
fn branch_graph(branch: Nodes, name: &str, output: &str) -> Message {
    let graph = branch.nodes.iter().fold(Message::default(), |graph, node| graph.message(1, node));
    let graph = branch.tensors.iter().fold(graph.text(2, name), |graph, tensor| graph.message(5, tensor));
    let axes = ["batch", "channels", "rows", "columns"].map(Axis::Free);
    graph.message(12, &value_info(output, Type::Double, &axes))
}

/// The height and width after the resize.
fn resized(nodes: &mut Nodes, record: &PreprocessRecord, source: &[Name; 2]) -> [Name; 2] {
    let scaled = record.scaled_size();
    match record.crop_mode {
        CropMode::Squash => scaled.map(|side| nodes.int(side as i64)),
        CropMode::Center if scaled[0] == scaled[1] => {
            // The shorter side becomes `side`, the other `side * other / shorter` in whole numbers; so does the shorter itself.
            let side = nodes.int(scaled[0] as i64);
            let shorter = nodes.add("Min", &[&source[0], &source[1]]);
            [0, 1].map(|axis: usize| {
                let product = nodes.add("Mul", &[&side, &source[axis]]);
                nodes.add("Div", &[&product, &shorter])
            })
        }
        CropMode::Center | CropMode::Longest => {
            let sides = [0, 1].map(|axis: usize| cast(nodes, &source[axis], Type::Double));
            let ratios = [0, 1].map(|axis: usize| {
                let side = nodes.double(scaled[axis] as f64);
                nodes.add("Div", &[&sides[axis], &side])
            });
            let pick = if record.crop_mode == CropMode::Center { "Min" } else { "Max" };
            let ratio = nodes.add(pick, &[&ratios[0], &ratios[1]]);
            // `Round` takes halves to the even number.
            sides.map(|side| {
                let exact = nodes.add("Div", &[&side, &ratio]);
                let whole = nodes.add("Round", &[&exact]);
                cast(nodes, &whole, Type::Int64)
            })
        }
    }
}

/// The first place of a crop from the middle of `side`: half of what is over, halves to the even number; negative where the crop is
/// larger, the odd place behind.
fn origin(nodes: &mut Nodes, side: &str, crop: usize) -> Name {
    let (crop, zero, two) = (nodes.int(crop as i64), nodes.int(0), nodes.int(2));
    let over = nodes.add("Sub", &[side, &crop]);
    let more = nodes.add("Max", &[&over, &zero]);
    let half = nodes.add("Div", &[&more, &two]);
    let odd = nodes.add("Mod", &[&more, &two]);
    let odd_half = nodes.add("Mod", &[&half, &two]);
    let up = nodes.add("Mul", &[&odd, &odd_half]);
    let even = nodes.add("Add", &[&half, &up]);
    let under = nodes.add("Sub", &[&crop, side]);
    let less = nodes.add("Max", &[&under, &zero]);
    let before = nodes.add("Div", &[&less, &two]);
    nodes.add("Sub", &[&even, &before])
}

/// The weights of one axis; see `taps` of the TorchScript writer, whose arithmetic this is.
struct Taps<'a> {
    source: &'a str,
    resized: &'a str,
    first: &'a str,
    count: usize,
}

impl Taps<'_> {
    /// Weights `[count, source]`, scaled by 2^22; zeros for places outside.
    fn add(&self, nodes: &mut Nodes, interpolation: Interpolation) -> Name {
        let (zero, one, half) = (nodes.double(0.0), nodes.double(1.0), nodes.double(0.5));
        let length = cast(nodes, self.source, Type::Double);
        let resized = cast(nodes, self.resized, Type::Double);
        let scale = nodes.add("Div", &[&length, &resized]);
        let stretch = nodes.add("Max", &[&scale, &one]);
        let radius = nodes.double(match interpolation {
            Interpolation::Bilinear => 1.0,
            Interpolation::Bicubic => 2.0,
            Interpolation::Lanczos => 3.0,
        });
        let support = nodes.add("Mul", &[&radius, &stretch]);
        let places: Vec<u8> = (0..self.count).flat_map(|place| (place as f64).to_le_bytes()).collect();
        let places = nodes.tensor(Type::Double, &[self.count, 1], &places);
        let first = cast(nodes, self.first, Type::Double);
        let place = nodes.add("Add", &[&places, &first]);
        let center = nodes.add("Add", &[&place, &half]);
        let center = nodes.add("Mul", &[&center, &scale]);
        let j = nodes.add("Range", &[&zero, &length, &one]);
        let start = nodes.add("Sub", &[&center, &support]);
        let start = nodes.add("Add", &[&start, &half]);
        let start = nodes.add("Max", &[&start, &zero]);
        let start = nodes.add("Floor", &[&start]);
        let end = nodes.add("Add", &[&center, &support]);
        let end = nodes.add("Add", &[&end, &half]);
        let end = nodes.add("Min", &[&end, &length]);
        let end = nodes.add("Floor", &[&end]);
        let r = nodes.add("Sub", &[&j, &center]);
        let r = nodes.add("Add", &[&r, &half]);
        let narrow = nodes.add("Div", &[&one, &stretch]);
        let r = nodes.add("Mul", &[&r, &narrow]);
        let r = nodes.add("Abs", &[&r]);
        let weight = kernel(nodes, interpolation, &r);
        let conditions = [
            nodes.add("GreaterOrEqual", &[&j, &start]),
            nodes.add("Less", &[&j, &end]),
            nodes.add("GreaterOrEqual", &[&place, &zero]),
            nodes.add("Less", &[&place, &resized]),
        ];
        let [after, before, from, to] = &conditions;
        let seen = nodes.add("And", &[after, before]);
        let inside = nodes.add("And", &[from, to]);
        let seen = nodes.add("And", &[&seen, &inside]);
        let weight = nodes.add("Where", &[&seen, &weight, &zero]);
        let axis = nodes.ints(&[1]);
        let total = nodes.add("ReduceSum", &[&weight, &axis]);
        let none = nodes.add("Equal", &[&total, &zero]);
        let total = nodes.add("Where", &[&none, &one, &total]);
        let share = nodes.add("Div", &[&weight, &total]);
        let fraction = nodes.double(4_194_304.0);
        let scaled = nodes.add("Mul", &[&share, &fraction]);
        let (sign, size) = (nodes.add("Sign", &[&scaled]), nodes.add("Abs", &[&scaled]));
        let size = nodes.add("Add", &[&size, &half]);
        let size = nodes.add("Floor", &[&size]);
        nodes.add("Mul", &[&sign, &size])
    }
}

/// The weight of each distance `r`, not below 0.
fn kernel(nodes: &mut Nodes, interpolation: Interpolation, r: &str) -> Name {
    let (zero, one) = (nodes.double(0.0), nodes.double(1.0));
    let mut chain = |steps: &[(&str, f64)]| {
        steps.iter().fold(r.to_owned(), |x, (op, number)| {
            if number.is_nan() {
                return nodes.add(op, &[&x, r]);
            }
            let number = nodes.double(*number);
            nodes.add(op, &[&x, &number])
        })
    };
    // A step without a number takes the distance again.
    const R: f64 = f64::NAN;
    match interpolation {
        Interpolation::Bilinear => {
            let rest = nodes.add("Sub", &[&one, r]);
            nodes.add("Max", &[&rest, &zero])
        }
        Interpolation::Bicubic => {
            let near = chain(&[("Mul", 1.5), ("Sub", 2.5), ("Mul", R), ("Mul", R), ("Add", 1.0)]);
            let far =
                chain(&[("Sub", 5.0), ("Mul", R), ("Add", 8.0), ("Mul", R), ("Sub", 4.0), ("Mul", -0.5)]);
            let two = nodes.double(2.0);
            let (is_near, is_far) = (nodes.add("Less", &[r, &one]), nodes.add("Less", &[r, &two]));
            let far = nodes.add("Where", &[&is_far, &far, &zero]);
            nodes.add("Where", &[&is_near, &near, &far])
        }
        Interpolation::Lanczos => {
            let middle = nodes.add("Equal", &[r, &zero]);
            let safe = nodes.add("Where", &[&middle, &one, r]);
            let (pi, three) = (nodes.double(std::f64::consts::PI), nodes.double(3.0));
            let wide = nodes.add("Mul", &[&safe, &pi]);
            let third = nodes.add("Div", &[&wide, &three]);
            let sinc = [wide, third].map(|x| {
                let sine = nodes.add("Sin", &[&x]);
                nodes.add("Div", &[&sine, &x])
            });
            let weight = nodes.add("Mul", &[&sinc[0], &sinc[1]]);
            let weight = nodes.add("Where", &[&middle, &one, &weight]);
            let inside = nodes.add("Less", &[r, &three]);
            nodes.add("Where", &[&inside, &weight, &zero])
        }
    }
}

/// Sums of bytes and weights, rounded to bytes as Pillow does.
fn to_bytes(nodes: &mut Nodes, sums: &str) -> Name {
    let (half, fraction) = (nodes.double(2_097_152.0), nodes.double(1.0 / 4_194_304.0));
    let (low, high) = (nodes.double(0.0), nodes.double(255.0));
    let sum = nodes.add("Add", &[sums, &half]);
    let scaled = nodes.add("Mul", &[&sum, &fraction]);
    let whole = nodes.add("Floor", &[&scaled]);
    nodes.add("Clip", &[&whole, &low, &high])
}

/// The fill where no pixel of the image lies.
fn fill(nodes: &mut Nodes, fill: u8, [resized, down, across]: [&str; 3]) -> Name {
    let (zero, fill) = (nodes.double(0.0), nodes.double(f64::from(fill)));
    let empty = [(down, 1), (across, 0)].map(|(weights, axis)| {
        let axis = nodes.ints(&[axis]);
        let total = nodes.add("ReduceSum", &[weights, &axis]);
        nodes.add("Equal", &[&total, &zero])
    });
    let hole = nodes.add("Or", &[&empty[0], &empty[1]]);
    nodes.add("Where", &[&hole, &fill, resized])
}

/// `(byte / 255 - mean) / std` in f32.
fn normalized(nodes: &mut Nodes, record: &PreprocessRecord, bytes: &str) -> Name {
    let mut channels = |values: [f32; 3]| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        nodes.tensor(Type::Float, &[1, 3, 1, 1], &bytes)
    };
    let (mean, std) = (channels(record.mean), channels(record.std));
    let most = nodes.tensor(Type::Float, &[], &255f32.to_le_bytes());
    let x = cast(nodes, bytes, Type::Float);
    let x = nodes.add("Div", &[&x, &most]);
    let x = nodes.add("Sub", &[&x, &mean]);
    nodes.named("Div", &[&x, &std], &[], PIXELS);
    PIXELS.to_owned()
}
