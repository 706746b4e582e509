//! Subcommands that this build leaves out: an error that says which build has them.

use clap::error::{ContextKind, ContextValue};

/// Name and the feature of this crate that brings it, one line each under `#[cfg(not(feature = ...))]`. None is left out yet.
const MISSING: &[(&str, &str)] = &[];

/// Ends the process as clap does; where a subcommand is only left out, with the command that brings it.
pub(crate) fn exit(error: &clap::Error) -> ! {
    let Some(sentence) = sentence(MISSING, error) else { error.exit() };
    eprintln!("error: {sentence}");
    std::process::exit(2)
}

fn sentence(missing: &[(&str, &str)], error: &clap::Error) -> Option<String> {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let (name, feature) = missing.iter().find(|(name, _)| name == typed)?;
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
        let missing = [("juggle", "circus")];
        let sentence = sentence(&missing, &refused("mdfe juggle --balls 3")).unwrap();
        assert!(sentence.contains("-p mdfe-cli --features circus -- juggle"), "{sentence}");
        assert_eq!(super::sentence(&missing, &refused("mdfe jugle")), None);
        assert_eq!(super::sentence(&missing, &refused("mdfe train --juggle")), None);
    }
}
