//! How the process ends: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.

use crate::console;
use std::{io::ErrorKind, process::ExitCode};

/// What the user typed does not fit, which only showed after it was parsed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// The user stopped it; says what is kept and how to go on.
#[derive(Debug, thiserror::Error)]
#[error("stopped; {0}")]
pub(crate) struct Stopped(pub(crate) String);

/// Returns a [`Usage`] error from a function: `bail!` for what the user must type differently.
macro_rules! usage {
    ($($text:tt)*) => {
        return Err($crate::exit::Usage(format!($($text)*)).into())
    };
}
pub(crate) use usage;

impl Usage {
    /// The error of a library, where what the user typed is its only possible cause.
    pub(crate) fn of(error: impl std::error::Error) -> anyhow::Error {
        Self(error.to_string()).into()
    }
}

/// Says on stderr how it ended, and returns the exit code.
pub(crate) fn report(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::SUCCESS };
    let code = code(&error);
    match code {
        0 => {}
        130 => eprintln!("{error}"),
        _ => eprintln!("error: {}", console::one_sentence(&error)),
    }
    ExitCode::from(code)
}

/// The exit code of an error. A name that nobody knows is wrong usage wherever it was written.
fn code(error: &anyhow::Error) -> u8 {
    let any = |is: &dyn Fn(&(dyn std::error::Error + 'static)) -> bool| error.chain().any(is);
    if any(&|e| e.is::<Stopped>()) {
        return 130;
    }
    // A closed pipe (`mdfe ... | head`) is how the reader says that it has seen enough.
    if error.downcast_ref().is_some_and(|e: &std::io::Error| e.kind() == ErrorKind::BrokenPipe) {
        return 0;
    }
    let usage = any(&|e| {
        e.is::<Usage>()
            || matches!(e.downcast_ref(), Some(mdfe_model::Error::UnknownBackbone { .. }))
            || matches!(e.downcast_ref(), Some(mdfe_data::Error::Unknown { .. }))
            || matches!(
                e.downcast_ref(),
                Some(mdfe_index::Error::UnknownName { .. } | mdfe_index::Error::Options(_))
            )
    });
    if usage { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn the_code_is_found_below_any_context() {
        let broken = std::io::Error::from(ErrorKind::BrokenPipe);
        let unknown = mdfe_data::Error::unknown("data set", "sopp", ["sop"]);
        let below = |error: anyhow::Error| Err::<(), _>(error).context("while it worked").unwrap_err();
        assert_eq!(code(&anyhow::anyhow!("failed")), 1);
        assert_eq!(code(&below(Usage("--x without --y".into()).into())), 2);
        assert_eq!(code(&below(unknown.into())), 2);
        assert_eq!(code(&below(Stopped("kept".into()).into())), 130);
        assert_eq!(code(&broken.into()), 0);
        assert_eq!(code(&std::io::Error::from(ErrorKind::NotFound).into()), 1);
    }
}
