//! Dynamic batching: one thread that owns the model takes what requests have left in a bounded queue.

use crate::{Encode, meters::Meters};
use mdfe_model::Error as ModelError;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    time::timeout_at,
};

/// What is to be embedded.
pub(crate) enum Work {
    /// `[3, H, W]` of the model's size.
    Pixels(Vec<f32>),
    Sentence(String),
}

/// Why there is no embedding.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The input's fault.
    Input(String),
    /// Not the input's fault.
    Model(String),
}

/// The embedding `[D]` of one input.
pub(crate) type Outcome = Result<Vec<f32>, Failure>;

struct Job {
    work: Work,
    reply: oneshot::Sender<Outcome>,
    since: Instant,
}

/// How batches are made.
#[derive(Clone, Copy)]
pub(crate) struct Batching {
    /// Images of a full batch.
    pub(crate) size: usize,
    /// How long one that is not full waits for more.
    pub(crate) wait: Duration,
}

/// The door to the inference thread; the thread ends, after all that it took, when the last door is gone.
#[derive(Clone)]
pub(crate) struct Batcher {
    queue: mpsc::Sender<Job>,
}

impl Batcher {
    /// Starts the thread. Must be called inside a runtime, whose clock it uses.
    pub(crate) fn start(
        model: Arc<dyn Encode>,
        batching: Batching,
        meters: Arc<Meters>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        // As much as the next batch may need; what waits beyond it waits in its request.
        let (queue, jobs) = mpsc::channel(2 * batching.size);
        let worker = Worker { model, batching, meters, jobs, clock: Handle::current() };
        let thread = std::thread::Builder::new().name("inference".into()).spawn(move || worker.run())?;
        Ok((Self { queue }, thread))
    }

    /// Waits for a place in the queue and hands `work` over; the embedding comes through the receiver.
    pub(crate) async fn push(&self, work: Work) -> Result<oneshot::Receiver<Outcome>, Failure> {
        let (reply, outcome) = oneshot::channel();
        let job = Job { work, reply, since: Instant::now() };
        self.queue.send(job).await.map_err(|_| Failure::Model("the inference thread has ended".into()))?;
        Ok(outcome)
    }

    /// Whether there is somebody to take work.
    pub(crate) fn is_alive(&self) -> bool {
        !self.queue.is_closed()
    }
}

struct Worker {
    model: Arc<dyn Encode>,
    batching: Batching,
    meters: Arc<Meters>,
    jobs: mpsc::Receiver<Job>,
    clock: Handle,
}

impl Worker {
    fn run(mut self) {
        let clock = self.clock.clone();
        while let Some(batch) = clock.block_on(self.next()) {
            self.work(batch);
        }
    }

    /// What is there, and what comes soon; `None` when nothing can come any more.
    async fn next(&mut self) -> Option<Vec<Job>> {
        let size = self.batching.size;
        let mut batch = Vec::with_capacity(size);
        if self.jobs.recv_many(&mut batch, size).await == 0 {
            return None;
        }
        let until = tokio::time::Instant::now() + self.batching.wait;
        while batch.len() < size {
            let room = size - batch.len();
            match timeout_at(until, self.jobs.recv_many(&mut batch, room)).await {
                Ok(more) if more > 0 => {}
                _ => break,
            }
        }
        Some(batch)
    }

    fn work(&self, batch: Vec<Job>) {
        let (mut pixels, mut images) = (Vec::new(), Vec::new());
        for job in batch {
            self.meters.waited(job.since.elapsed());
            // Its client has gone, or its time is over.
            if job.reply.is_closed() {
                continue;
            }
            match job.work {
                Work::Sentence(sentence) => {
                    let outcome = self.guarded(|| self.model.text(&sentence));
                    self.meters.sentence();
                    let _ = job.reply.send(outcome);
                }
                Work::Pixels(own) => {
                    pixels.push(own);
                    images.push(job.reply);
                }
            }
        }
        if images.is_empty() {
            return;
        }
        self.meters.batch(images.len());
        match self.guarded(|| self.model.images(pixels.len(), pixels.concat())) {
            Ok(embeddings) => {
                let rows = embeddings.chunks_exact(self.model.info().dim.max(1));
                for (reply, row) in images.into_iter().zip(rows) {
                    let _ = reply.send(Ok(row.to_vec()));
                }
            }
            // One image must not cost the others of its batch their answers.
            Err(_) if images.len() > 1 => {
                for (reply, own) in images.into_iter().zip(pixels) {
                    let _ = reply.send(self.guarded(|| self.model.images(1, own)));
                }
            }
            Err(failure) => images.into_iter().for_each(|reply| {
                let _ = reply.send(Err(failure.clone()));
            }),
        }
    }

    /// The model's answer; its panic costs this input and not the service.
    fn guarded(&self, work: impl FnOnce() -> mdfe_model::Result<Vec<f32>>) -> Outcome {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(Ok(embedding)) => Ok(embedding),
            Ok(Err(ModelError::Invalid(reason))) => Err(Failure::Input(reason)),
            Ok(Err(error)) => Err(Failure::Model(error.to_string())),
            Err(_) => Err(Failure::Model("the model panicked on this input; please report it".into())),
        }
    }
}
