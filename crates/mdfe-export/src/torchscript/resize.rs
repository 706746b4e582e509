//! From bytes of any size to pixels: Pillow's resize in whole numbers, so that the pixels are those of training.
//!
//! A pass of a resize is a product with a matrix of weights. The weights are Pillow's, f64 rounded to 22 bits of fraction, and
//! their sums of bytes are exact in f64, so that each pass can be rounded to bytes as Pillow rounds. PyTorch's own antialiased
//! resize rounds neither weights nor between the passes.

use mdfe_data::{CropMode, Interpolation, PreprocessRecord};

/// `taps(n, resized, first, count)`: the weights `[count, n]` of one axis, for places `first..first + count` of a resize of `n` pixels
/// to `resized`; zeros for a place outside. Weights are scaled by 2^22.
const TAPS: &str = "\
def taps(n: int,
    resized: int,
    first: int,
    count: int,
    device: Device) -> Tensor:
  scale = torch.div(float(n), float(resized))
  stretch = ops.prim.max(scale, 1.0)
  support = torch.mul(RADIUS, stretch)
  step = torch.unsqueeze(torch.arange(count, dtype=7, device=device), 1)
  place = torch.add(step, first)
  center = torch.mul(torch.add(place, 0.5), scale)
  j = torch.unsqueeze(torch.arange(n, dtype=7, device=device), 0)
  start = torch.floor(torch.clamp(torch.add(torch.sub(center, support), 0.5), 0.0))
  end = torch.floor(torch.clamp(torch.add(torch.add(center, support), 0.5), None, float(n)))
  r = torch.abs(torch.mul(torch.add(torch.sub(j, center), 0.5), torch.div(1.0, stretch)))
  zero = torch.zeros_like(r)
KERNEL  inside = torch.__and__(torch.ge(place, 0.0), torch.lt(place, float(resized)))
  seen = torch.__and__(torch.__and__(torch.ge(j, start), torch.lt(j, end)), inside)
  weight = torch.where(seen, weight, zero)
  total = torch.sum(weight, [1], True)
  total = torch.where(torch.eq(total, 0.0), torch.ones_like(total), total)
  weight = torch.mul(torch.div(weight, total), 4194304.0)
  return torch.mul(torch.sign(weight), torch.floor(torch.add(torch.abs(weight), 0.5)))
";

/// `to_bytes(x)`: sums of bytes and weights as Pillow rounds them.
const TO_BYTES: &str = "\
def to_bytes(x: Tensor) -> Tensor:
  y = torch.floor(torch.mul(torch.add(x, 2097152.0), 2.384185791015625e-07))
  return torch.clamp(y, 0.0, 255.0)
";

/// `nearest(x)`: the nearest whole number, halves to the even one.
const NEAREST: &str = "\
def nearest(x: float) -> int:
  low = torch.floor(x)
  over = torch.sub(x, float(low))
  if torch.gt(over, 0.5):
    whole = torch.add(low, 1)
  else:
    if torch.eq(over, 0.5):
      whole = torch.add(low, torch.remainder(low, 2))
    else:
      whole = low
  return whole
";

/// `origin(side, crop)`: the first place of a crop from the middle, negative where the crop is larger.
const ORIGIN: &str = "\
def origin(side: int,
    crop: int) -> int:
  more = ops.prim.max(torch.sub(side, crop), 0)
  less = ops.prim.max(torch.sub(crop, side), 0)
  half = torch.floordiv(more, 2)
  even = torch.add(half, torch.mul(torch.remainder(more, 2), torch.remainder(half, 2)))
  return torch.sub(even, torch.floordiv(less, 2))
";

/// The functions that [`body`] calls.
pub(super) fn functions(interpolation: Interpolation) -> String {
    let (radius, kernel) = kernel(interpolation);
    let taps = TAPS.replace("RADIUS", radius).replace("KERNEL", kernel);
    [&taps, TO_BYTES, NEAREST, ORIGIN].concat()
}

/// The radius of a filter, and the lines that make `weight` of the distances `r`.
fn kernel(interpolation: Interpolation) -> (&'static str, &'static str) {
    match interpolation {
        Interpolation::Bilinear => ("1.0", "  weight = torch.clamp(torch.add(torch.neg(r), 1.0), 0.0)\n"),
        Interpolation::Bicubic => (
            "2.0",
            "  near = torch.add(torch.mul(torch.mul(torch.sub(torch.mul(r, 1.5), 2.5), r), r), 1.0)
  far = torch.mul(torch.sub(torch.mul(torch.add(torch.mul(torch.sub(r, 5.0), r), 8.0), r), 4.0), -0.5)
  weight = torch.where(torch.lt(r, 1.0), near, torch.where(torch.lt(r, 2.0), far, zero))\n",
        ),
        Interpolation::Lanczos => (
            "3.0",
            "  wide = torch.mul(torch.where(torch.eq(r, 0.0), torch.ones_like(r), r), 3.141592653589793)
  third = torch.div(wide, 3.0)
  weight = torch.mul(torch.div(torch.sin(wide), wide), torch.div(torch.sin(third), third))
  weight = torch.where(torch.eq(r, 0.0), torch.ones_like(r), weight)
  weight = torch.where(torch.lt(r, 3.0), weight, zero)\n",
        ),
    }
}

/// The lines that make `pixels` of `image`.
pub(super) fn body(record: &PreprocessRecord) -> String {
    let [height, width] = record.size;
    let mut out = String::from("    h = torch.size(image, 2)\n    w = torch.size(image, 3)\n");
    out += &resized(record);
    out += &format!(
        "    device = ops.prim.device(image)
    down = __torch__.taps(h, rh, __torch__.origin(rh, {height}, ), {height}, device, )
    across = torch.t(__torch__.taps(w, rw, __torch__.origin(rw, {width}, ), {width}, device, ))
    bytes = torch.to(image, 7)
    lost = torch.sub(h, rh)
"
    );
    // Since Pillow 13 the vertical pass comes first where it loses more than twice as much.
    out += "    if torch.gt(lost, ops.prim.max(0, torch.mul(2, torch.sub(w, rw)))):
      resized = __torch__.to_bytes(torch.matmul(__torch__.to_bytes(torch.matmul(down, bytes), ), across), )
    else:
      resized = __torch__.to_bytes(torch.matmul(down, __torch__.to_bytes(torch.matmul(bytes, across), )), )
";
    if record.crop_mode == CropMode::Longest && record.fill != 0 {
        let fill = f64::from(record.fill);
        out += &format!(
            "    rows = torch.ne(torch.sum(down, [1], True), 0.0)
    columns = torch.ne(torch.sum(across, [0], True), 0.0)
    resized = torch.where(torch.__and__(rows, columns), resized, torch.mul(torch.ones_like(resized), {fill:?}))
"
        );
    }
    let channels = |values: [f32; 3]| {
        // f32 as f64, so that the number that is read is the one that was meant.
        let [r, g, b] = values.map(f64::from);
        format!("torch.reshape(torch.tensor([{r:?}, {g:?}, {b:?}], dtype=6, device=device), [1, 3, 1, 1])")
    };
    out += &format!(
        "    scaled = torch.div(torch.to(resized, 6), 255.0)
    pixels = torch.div(torch.sub(scaled, {}), {})
",
        channels(record.mean),
        channels(record.std)
    );
    out
}

/// The lines that make the size `rh`, `rw` after the resize of `h` and `w`.
fn resized(record: &PreprocessRecord) -> String {
    let [sh, sw] = record.scaled_size();
    match record.crop_mode {
        CropMode::Squash => format!("    rh = {sh}\n    rw = {sw}\n"),
        CropMode::Center if sh == sw => format!(
            "    if torch.le(w, h):
      rh = torch.floordiv(torch.mul({sh}, h), w)
      rw = {sw}
    else:
      rh = {sh}
      rw = torch.floordiv(torch.mul({sw}, w), h)
"
        ),
        CropMode::Center | CropMode::Longest => {
            let pick = if record.crop_mode == CropMode::Center { "min" } else { "max" };
            format!(
                "    ratio = ops.prim.{pick}(torch.div(float(h), {sh}.0), torch.div(float(w), {sw}.0))
    rh = __torch__.nearest(torch.div(float(h), ratio), )
    rw = __torch__.nearest(torch.div(float(w), ratio), )
"
            )
        }
    }
}
