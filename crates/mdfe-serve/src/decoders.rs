//! Images to pixels, on a bounded number of threads.

use crate::{ServeOptions, api::Refusal};
use axum::body::Bytes;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use mdfe_data::{DecodeOptions, PreprocessRecord, Preprocessor, decode_with};
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Base64 as OpenAI's clients and browsers write it, with or without its padding.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An image as a client sends it.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A file.
    Bytes(Bytes),
    /// `data:image/png;base64,...`.
    DataUri(String),
}

impl Source {
    /// The file itself.
    pub(crate) fn into_bytes(self) -> Result<Bytes, String> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            Self::DataUri(uri) => data_uri(&uri).map(Bytes::from),
        }
    }
}

/// The bytes of a `data:` URI.
fn data_uri(uri: &str) -> Result<Vec<u8>, String> {
    let rest = uri.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).map(|_| &uri[5..]);
    let (head, data) = rest
        .and_then(|rest| rest.split_once(','))
        .ok_or("it is no data: URI; write data:image/png;base64,...")?;
    if !head.to_ascii_lowercase().ends_with(";base64") {
        return Err("its data: URI is not in base64; write data:image/png;base64,...".into());
    }
    BASE64.decode(data.trim()).map_err(|error| format!("the base64 of its data: URI cannot be read: {error}"))
}

/// Turns images into the model's pixels; a worker's scratch memory is used again.
#[derive(Clone)]
pub(crate) struct Decoders {
    places: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Preprocessor>>>,
    record: PreprocessRecord,
    options: DecodeOptions,
}

impl Decoders {
    pub(crate) fn new(record: &PreprocessRecord, options: &ServeOptions) -> Self {
        Self {
            places: Arc::new(Semaphore::new(options.decoders.max(1))),
            idle: Arc::default(),
            record: record.clone(),
            options: DecodeOptions { max_bytes: options.max_image_memory, ..record.decode_options() },
        }
    }

    /// Pixels `[3, H, W]` of one image, and the place it holds: pixels that wait for the model keep others from being made.
    pub(crate) async fn pixels(&self, image: Source) -> Result<(Vec<f32>, OwnedSemaphorePermit), Refusal> {
        let own = self.clone();
        self.blocking(move || {
            let bytes = image.into_bytes()?;
            let mut worker = own.take().unwrap_or_else(|| Preprocessor::new(own.record.clone()));
            let mut pixels = vec![0.0; worker.output_len()];
            let image = own.decode(&bytes, own.options)?;
            worker.apply(&image, &mut pixels).map_err(|error| error.to_string())?;
            own.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
            Ok(pixels)
        })
        .await
    }

    /// Runs work on images where they are decoded.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<(T, OwnedSemaphorePermit), Refusal> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Refusal::ending())?;
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(done)) => Ok((done, place)),
            Ok(Err(reason)) => Err(Refusal::input(reason).code("invalid_image")),
            Err(panic) => Err(Refusal::failed(&format!("decoding failed: {panic}"))),
        }
    }

    /// The image as people see it, turned as its EXIF orientation says.
    pub(crate) fn upright(&self, bytes: &[u8]) -> Result<image::RgbImage, String> {
        self.decode(bytes, DecodeOptions { exif_orientation: true, ..self.options })
    }

    fn decode(&self, bytes: &[u8], options: DecodeOptions) -> Result<image::RgbImage, String> {
        match decode_with(Path::new("the image"), bytes, options) {
            Ok(decoded) => Ok(decoded.image),
            Err(mdfe_data::Error::Image { reason, .. }) => {
                Err(format!("the image cannot be decoded: {reason}"))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn take(&self) -> Option<Preprocessor> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_uri_is_base64_with_or_without_padding() {
        for uri in ["data:image/png;base64,AQI=", "DATA:;BASE64,AQI", "data:x/y;charset=z;base64, AQI= "] {
            assert_eq!(data_uri(uri).unwrap(), [1, 2], "{uri}");
        }
        for (uri, says) in [
            ("data:image/png,AQI=", "not in base64"),
            ("data:image/png;base64", "no data: URI"),
            ("http://x/y.png", "no data: URI"),
            ("daß:", "no data: URI"),
            ("data:;base64,@@", "cannot be read"),
        ] {
            assert!(data_uri(uri).unwrap_err().contains(says), "{uri}");
        }
    }
}
