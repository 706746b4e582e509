//! The page: one file with everything in it.

use crate::{Error, ImageSource, Result, Retrieved, set::Set, thumbnails::Thumbnails};
use serde::Serialize;
use std::{io::Write, path::Path};

/// Room for thumbnails, in base64: with the rest the page stays under 15 MB.
const THUMBNAILS: usize = 12 << 20;

const HTML: &str = include_str!("../page/report.html");
const STYLE: &str = include_str!("../page/report.css");
const SCRIPT: &str = include_str!("../page/report.js");

/// A line of what the page is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Such as `backbone`.
    pub name: String,
    /// Such as `vit_so400m_patch14_siglip_384.webli`.
    pub value: String,
}

/// A value over the steps of a training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Such as `loss`.
    pub name: String,
    /// Steps and values.
    pub points: Vec<(usize, f64)>,
}

/// What a page shows.
pub struct Page<'a> {
    /// The page's heading.
    pub title: String,
    /// Shown below it: the model, the data, how it was made.
    pub facts: Vec<Fact>,
    /// The test sets.
    pub sets: Vec<Retrieved<'a>>,
    /// What was measured while training; none for an evaluation.
    pub curves: Vec<Curve>,
    /// The resolved config and whatever else belongs at the end, as text under a heading.
    pub appendix: Vec<Fact>,
}

/// What the page's script reads.
#[derive(Serialize)]
struct Data<'a> {
    title: &'a str,
    facts: &'a [Fact],
    sets: Vec<Set>,
    curves: Vec<Curve>,
    appendix: &'a [Fact],
    thumbnails: Vec<Option<String>>,
}

impl Page<'_> {
    /// The page as HTML. The same input gives the same bytes.
    ///
    /// # Errors
    /// [`Error::Length`] when a set does not describe every row; [`Error::Data`] should the data be none that JSON holds.
    pub fn html(&self, images: &dyn ImageSource) -> Result<String> {
        let mut thumbnails = Thumbnails::default();
        let sets = self.sets.iter().map(|set| Set::new(set, &mut thumbnails)).collect::<Result<Vec<_>>>()?;
        let data = Data {
            title: &self.title,
            facts: &self.facts,
            sets,
            curves: self.curves.iter().map(thinned).collect(),
            appendix: &self.appendix,
            thumbnails: thumbnails.load(images, THUMBNAILS),
        };
        // Inside a script element `<` could end it; numbers, names and base64 have none, and as an escape it means the same.
        let json = serde_json::to_string(&data).map_err(Error::Data)?.replace('<', "\\u003c");
        let title = escaped(&self.title);
        let parts =
            [("{{title}}", &*title), ("{{style}}", STYLE), ("{{script}}", SCRIPT), ("{{data}}", &*json)];
        Ok(filled(HTML, &parts))
    }

    /// Writes the page, beside its place first and then renamed into it.
    ///
    /// # Errors
    /// Those of [`Page::html`]; [`Error::Write`] when the file can't be written.
    pub fn write(&self, path: &Path, images: &dyn ImageSource) -> Result<()> {
        let html = self.html(images)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(".report").tempfile_in(folder)?;
            file.write_all(html.as_bytes())?;
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
            }
            file.persist(path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(|source| Error::Write { path: path.to_path_buf(), source })
    }
}

/// The template with its marks filled, in one pass: what is filled in is not searched for marks.
fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let mut out =
        String::with_capacity(template.len() + parts.iter().map(|(_, text)| text.len()).sum::<usize>());
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match parts.iter().find(|(mark, _)| from.starts_with(mark)) {
            Some((mark, text)) => {
                out.push_str(text);
                rest = &from[mark.len()..];
            }
            None => {
                out.push_str("{{");
                rest = &from[2..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// At most 600 points of a curve, each the mean of its neighbourhood: more than a screen has room for.
fn thinned(curve: &Curve) -> Curve {
    let size = curve.points.len().div_ceil(600).max(1);
    let mean = |points: &[(usize, f64)]| {
        let middle = points[points.len() / 2].0;
        (middle, points.iter().map(|(_, value)| value).sum::<f64>() / points.len() as f64)
    };
    Curve { name: curve.name.clone(), points: curve.points.chunks(size).map(mean).collect() }
}
