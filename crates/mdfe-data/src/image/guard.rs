//! A decoder's panic is the fault of one image, not the end of the run.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// The result of `work`; a panic inside it becomes a reason. What `work` changed outside must not be used after that.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(format!("the decoder failed on it ({text}); please report this file"))
    })
}
