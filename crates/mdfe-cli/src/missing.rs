//! Subcommands that this build leaves out: an error that says which build has them.

use clap::error::{ContextKind, ContextValue};

/// Words of the command and the feature of this crate that brings it, one line each under `#[cfg(not(feature = ...))]`.
const MISSING: &[(&str, &str)] = &[
    #[cfg(not(feature = "full"))]
    ("config import", "full"),
    #[cfg(not(feature = "full"))]
    ("upload", "full"),
    ("serve", "full"),
];

/// Ends the process as clap does; where a subcommand is only left out, with the command that brings it.
pub(crate) fn exit(error: &clap::Error) -> ! {
    let Some(sentence) = sentence(MISSING, error) else { error.exit() };
    eprintln!("error: {sentence}");
    std::process::exit(2)
}

fn sentence(missing: &[(&str, &str)], error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let usage = error.get(ContextKind::Usage).map(ToString::to_string).unwrap_or_default();
    let (name, feature) = missing.iter().find(|(name, _)| {
        let (above, last) = name.rsplit_once(' ').unwrap_or(("", name));
        last == typed && usage.contains(&format!("mdfe {above}"))
    })?;
    Some(format!(
        "`mdfe {name}` is not in this build; `cargo run --release -p mdfe-cli --features {feature} -- {name} ...` brings it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn a_subcommand_that_is_left_out_names_the_build_that_has_it() {
        let refused = |line: &str| crate::args::Cli::try_parse_from(line.split(' ')).err().unwrap();
        let missing = [("juggle", "circus"), ("config tame", "circus")];
        let sentence = sentence(&missing, &refused("mdfe juggle --balls 3")).unwrap();
        assert!(sentence.contains("-p mdfe-cli --features circus -- juggle"), "{sentence}");
        let inner = super::sentence(&missing, &refused("mdfe config tame lions")).unwrap();
        assert!(
            inner.contains("`mdfe config tame` is not in") && inner.contains("-- config tame ..."),
            "{inner}"
        );
        for other in ["mdfe jugle", "mdfe tame", "mdfe datasets tame"] {
            assert_eq!(super::sentence(&missing, &refused(other)), None, "{other}");
        }
        assert_eq!(super::sentence(&missing, &refused("mdfe train --juggle")), None);
    }
}
