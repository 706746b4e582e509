//! Ctrl-C: the first asks for a clean stop, the second ends the process.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Installs the handler and returns the flag that long work looks at.
pub(crate) fn on_ctrl_c() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!("stopping; what is done is kept (press Ctrl-C again to end at once)");
    })?;
    Ok(flag)
}
