//! End-to-end tests of mdfe; see the files beside this one under `tests/tests`.
