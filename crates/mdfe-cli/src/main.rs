//! The `mdfe` binary; everything is in the library, so that the end-to-end tests can build it too.

fn main() -> std::process::ExitCode {
    mdfe_cli::main()
}
