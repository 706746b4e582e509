//! Orchestration of the workspace.
fn main() {}
