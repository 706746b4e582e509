//! `--device`.

use std::{fmt, str::FromStr};

/// What `--device` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceName {
    /// The CPU.
    Cpu,
    /// The CUDA device of this number, counted from 0.
    Cuda(usize),
    /// The Metal device of this number, counted from 0.
    Metal(usize),
}

impl FromStr for DeviceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || "known: cpu, cuda, cuda:N, metal, metal:N".to_owned();
        let (kind, number) = match text.split_once(':') {
            Some((kind, number)) => (kind, Some(number.parse().map_err(|_| unknown())?)),
            None => (text, None),
        };
        match (kind, number) {
            ("cpu", None) => Ok(Self::Cpu),
            ("cuda", number) => Ok(Self::Cuda(number.unwrap_or(0))),
            ("metal", number) => Ok(Self::Metal(number.unwrap_or(0))),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Metal(number) => write!(f, "metal:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_a_kind_and_a_number_and_the_cpu_has_none() {
        let read = |text: &str| text.parse::<DeviceName>();
        assert_eq!(read("cpu"), Ok(DeviceName::Cpu));
        assert_eq!((read("cuda"), read("cuda:0")), (Ok(DeviceName::Cuda(0)), Ok(DeviceName::Cuda(0))));
        assert_eq!(read("metal:1"), Ok(DeviceName::Metal(1)));
        for bad in ["gpu", "cpu:1", "cuda:", "cuda:x", "cuda:-1", ""] {
            assert!(read(bad).is_err_and(|known| known.contains("cuda:N")), "{bad}");
        }
    }
}
