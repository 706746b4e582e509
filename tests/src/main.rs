//! The `mdfe` binary under a name of this package, so that the end-to-end tests beside it can run it.

fn main() -> std::process::ExitCode {
    mdfe_cli::main()
}
