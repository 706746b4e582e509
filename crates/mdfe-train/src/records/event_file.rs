//! A run's event file for TensorBoard.

use super::{
    Tagged,
    event::{self, At},
    tf_record,
};
use crate::{Error, Result, files};
use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

/// What TensorBoard knows an event file by.
const MARK: &str = "events.out.tfevents.";

/// The event file of a run. Each event goes to the system at once, so that a kill leaves whole records and at most half of one more.
pub(crate) struct EventFile {
    path: PathBuf,
    file: File,
    last_step: Option<usize>,
}

impl EventFile {
    /// The event file of the folder `dir`, which is created; events of steps before `first_step` are kept, with their times.
    ///
    /// The file is a new one with a later name, and those before it are removed: a TensorBoard that is open goes on to it.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Store`] when the folder or the file can't be read or written.
    pub(crate) fn open(dir: &Path, first_step: usize) -> Result<Self> {
        std::fs::create_dir_all(dir).map_err(Error::io("create", dir))?;
        let earlier = event_files(dir)?;
        let mut name = format!("{MARK}{:016}.mdfe", (now() * 1e6) as u64);
        if let Some(last) = earlier.last().filter(|last| last.as_str() >= name.as_str()) {
            name = format!("{last}.mdfe");
        }
        let mut bytes = Vec::new();
        tf_record::push(&mut bytes, &event::file_version(now()));
        tf_record::push(&mut bytes, &event::start(now()));
        let mut last_step = None;
        for name in earlier.iter().filter(|_| first_step > 0) {
            let path = dir.join(name);
            let file = std::fs::read(&path).map_err(Error::io("read", &path))?;
            for data in tf_record::records(&file) {
                if let Some(step) = event::step_of_scalars(data).filter(|&step| step < first_step) {
                    tf_record::push(&mut bytes, data);
                    last_step = last_step.max(Some(step));
                }
            }
        }
        let path = dir.join(name);
        files::write(&path, &bytes)?;
        for name in earlier {
            let path = dir.join(name);
            std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
        let file = OpenOptions::new().append(true).open(&path).map_err(Error::io("write", &path))?;
        Ok(Self { path, file, last_step })
    }

    /// The last step that has an event.
    pub(crate) fn last_step(&self) -> Option<usize> {
        self.last_step
    }

    /// Writes scalars of `step`, which stands at the time of now.
    ///
    /// # Errors
    /// [`Error::Io`] when the file can't be written.
    pub(crate) fn write(&mut self, step: usize, scalars: &[Tagged<'_>]) -> Result<()> {
        let mut record = Vec::new();
        tf_record::push(&mut record, &event::scalars(At { step, wall_time: now() }, scalars));
        self.file.write_all(&record).map_err(Error::io("write", &self.path))?;
        self.last_step = self.last_step.max(Some(step));
        Ok(())
    }
}

/// The names of the event files in a folder, in TensorBoard's order.
fn event_files(dir: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(Error::io("read", dir))? {
        let name = entry.map_err(Error::io("read", dir))?.file_name();
        names.extend(name.into_string().ok().filter(|name| name.starts_with(MARK)));
    }
    names.sort_unstable();
    Ok(names)
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
