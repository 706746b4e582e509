//! What every request shares.

use crate::{
    ModelInfo, Searcher, ServeOptions,
    api::Refusal,
    batcher::{Batcher, Failure, Work},
    decoders::{Decoders, Source},
    meters::Meters,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64},
};
use tokio::sync::Semaphore;

/// The running service.
pub(crate) struct App {
    pub(crate) model: ModelInfo,
    pub(crate) index: Option<Arc<dyn Searcher>>,
    pub(crate) batcher: Batcher,
    pub(crate) decoders: Decoders,
    pub(crate) meters: Arc<Meters>,
    pub(crate) options: ServeOptions,
    /// One for each request that is read and worked on.
    pub(crate) places: Arc<Semaphore>,
    /// Set when the service is asked to end.
    pub(crate) ending: AtomicBool,
    /// Requests so far, which names them.
    pub(crate) requests: AtomicU64,
}

impl App {
    /// The index, or that there is none.
    pub(crate) fn index(&self) -> Result<&Arc<dyn Searcher>, Refusal> {
        self.index.as_ref().ok_or_else(|| {
            Refusal::not_found("this service has no index; it is started with --index INDEX or --demo")
                .code("no_index")
        })
    }

    /// The embedding `[D]` of an image.
    pub(crate) async fn embed_image(&self, image: Source) -> Result<Vec<f32>, Refusal> {
        let (pixels, place) = self.decoders.pixels(image).await?;
        let outcome = self.batcher.push(Work::Pixels(pixels)).await.map_err(refused)?;
        drop(place);
        outcome.await.map_err(|_| Refusal::ending())?.map_err(refused)
    }

    /// The embedding `[D]` of a sentence.
    pub(crate) async fn embed_text(&self, sentence: String) -> Result<Vec<f32>, Refusal> {
        if !self.model.takes_text {
            return Err(Refusal::input(format!(
                "{} takes no sentences, it has no text tower in the space of its images; send an image as a data: URI",
                self.model.name
            ))
            .code("no_text"));
        }
        if sentence.trim().is_empty() {
            return Err(Refusal::input("the sentence holds no word".into()));
        }
        let outcome = self.batcher.push(Work::Sentence(sentence)).await.map_err(refused)?;
        outcome.await.map_err(|_| Refusal::ending())?.map_err(refused)
    }

    /// Runs a search or another short piece of work on a thread that may block.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> crate::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(crate::Error::Rows(reason))) => Err(Refusal::input(reason)),
            Ok(Err(error)) => Err(Refusal::failed(&error.to_string())),
            Err(panic) => Err(Refusal::failed(&format!("the work failed: {panic}"))),
        }
    }
}

fn refused(failure: Failure) -> Refusal {
    match failure {
        Failure::Input(reason) => Refusal::input(reason),
        Failure::Model(reason) => Refusal::failed(&reason),
    }
}
