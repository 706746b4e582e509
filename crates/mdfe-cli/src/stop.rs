//! Ctrl-C: the first asks for a clean stop, the second ends the process.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

/// The flag of this process, once the handler is there: a process has one handler, and a command may ask twice.
static FLAG: Mutex<Option<Arc<AtomicBool>>> = Mutex::new(None);

/// Installs the handler, the first time, and returns the flag that long work looks at.
pub(crate) fn on_ctrl_c() -> anyhow::Result<Arc<AtomicBool>> {
    let mut installed = FLAG.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(flag) = &*installed {
        return Ok(Arc::clone(flag));
    }
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        eprintln!("stopping; what is done is kept (press Ctrl-C again to end at once)");
    })?;
    *installed = Some(Arc::clone(&flag));
    Ok(flag)
}
