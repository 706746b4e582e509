//! Everything that can go wrong in this crate.

/// The result of this crate's fallible functions.
pub type Result<T> = std::result::Result<T, Error>;

/// Bad input to a loss. No function of this crate panics on user input.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A slice or tensor has another shape than the loss was built for.
    #[error("{what} has {found} values or rows where {expected} are needed: pass {what} of shape {shape}")]
    Shape {
        /// Which argument.
        what: &'static str,
        /// Its shape in axis letters.
        shape: &'static str,
        /// The size that fits.
        expected: usize,
        /// The size that was passed.
        found: usize,
    },
    /// A size that must be at least one is zero, or is too large.
    #[error("{what} is {value}; it must be between 1 and {limit}")]
    Size {
        /// Which size.
        what: &'static str,
        /// What was passed.
        value: usize,
        /// The largest allowed value.
        limit: usize,
    },
    /// A label names no class.
    #[error("label {label} of sample {sample} is out of range: there are {num_classes} classes, labels run from 0 to {}", num_classes.saturating_sub(1))]
    Label {
        /// The label.
        label: u32,
        /// Its place in the batch.
        sample: usize,
        /// The number of classes C.
        num_classes: usize,
    },
    /// A label's class is missing from the sampled classes.
    #[error(
        "label {label} of sample {sample} is not among the sampled classes: draw the sample with this batch's labels"
    )]
    NotSampled {
        /// The label.
        label: u32,
        /// Its place in the batch.
        sample: usize,
    },
    /// Classes were sampled, but the tensors are not on the CPU.
    #[error(
        "class sampling runs on the CPU only: move embedding and centers there, or lift it with `sample_classes(None)`"
    )]
    SampleDevice,
    /// A row holds NaN or infinity.
    #[error("row {row} of the {what} holds NaN or infinity: lower the learning rate or check the inputs")]
    NotFinite {
        /// `embedding` or `centers`.
        what: &'static str,
        /// The row.
        row: usize,
    },
    /// An option has a value outside its domain.
    #[error("{loss}: `{option}` is {value}; it must be {allowed}")]
    Option {
        /// The loss.
        loss: &'static str,
        /// The option's field.
        option: &'static str,
        /// The value found.
        value: f64,
        /// The values that are allowed, in words.
        allowed: &'static str,
    },
    /// `DynamicMargin` was built without class counts and without margins of its own.
    #[error(
        "DynamicMargin needs the number of samples of each class: pass `class_counts` of {num_classes} values, or set `margins`"
    )]
    NoClassCounts {
        /// The number of classes C.
        num_classes: usize,
    },
    /// The state belongs to another loss.
    #[error(
        "the loss state is {found}'s, but the loss is {loss}: build the state with `MarginLoss::initial_state`"
    )]
    State {
        /// The loss.
        loss: &'static str,
        /// The state's owner.
        found: &'static str,
    },
    /// A tensor operation failed.
    #[error("a tensor operation failed")]
    Candle(#[from] candle_core::Error),
}

/// `Ok` if `found` is `expected`, else a [`Error::Shape`].
pub(crate) fn expect_len(
    what: &'static str,
    shape: &'static str,
    found: usize,
    expected: usize,
) -> Result<()> {
    if found == expected { Ok(()) } else { Err(Error::Shape { what, shape, expected, found }) }
}
