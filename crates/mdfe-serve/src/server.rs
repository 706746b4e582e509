//! From an address to a running service, and to its end.

use crate::{
    Encode, Error, Result, Searcher, ServeOptions, api,
    app::App,
    batcher::{Batcher, Batching},
    connections::{self, Limits},
    decoders::Decoders,
    meters::Meters,
};
use std::{
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// How often the flag that ends the service is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Threads of the connections; the work is done elsewhere.
const WORKERS: usize = 2;

/// An address that is listened on, before anything is served.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes the address; port 0 is a free one.
    ///
    /// # Errors
    /// [`Error::Listen`] where it cannot be had.
    pub fn bind(address: SocketAddr) -> Result<Self> {
        let problem = |source| Error::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(problem)?;
        listener.set_nonblocking(true).map_err(problem)?;
        let address = listener.local_addr().map_err(problem)?;
        Ok(Self { listener, address })
    }

    /// The address, with the port that was free.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is set, and finishes what was taken by then.
    ///
    /// # Errors
    /// [`Error::System`] where threads cannot be had.
    pub fn run(
        self,
        model: Arc<dyn Encode>,
        index: Option<Arc<dyn Searcher>>,
        options: ServeOptions,
        stop: &AtomicBool,
    ) -> Result<()> {
        let system = |action| move |source| Error::System { action, source };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .max_blocking_threads(options.decoders + 2 * WORKERS)
            .thread_name("serve")
            .enable_io()
            .enable_time()
            .build()
            .map_err(system("start the threads of the service"))?;
        let done = runtime.block_on(async {
            let listener =
                tokio::net::TcpListener::from_std(self.listener).map_err(system("listen on the address"))?;
            let meters = Arc::new(Meters::new());
            let batching = Batching { size: options.batch.max(1), wait: options.batch_wait };
            let (batcher, inference) = Batcher::start(Arc::clone(&model), batching, Arc::clone(&meters))
                .map_err(system("start the inference thread"))?;
            let limits = Limits { connections: options.connections, drain: options.timeout };
            let app = Arc::new(App {
                model: model.info().clone(),
                index,
                batcher,
                decoders: Decoders::new(&model.info().preprocess, &options),
                meters,
                places: Arc::new(Semaphore::new(options.queue.max(1))),
                options,
                ending: AtomicBool::new(false),
                requests: AtomicU64::new(0),
            });
            let ending = Arc::clone(&app);
            let stopped = async move {
                while !stop.load(Ordering::SeqCst) {
                    tokio::time::sleep(LOOK).await;
                }
                ending.ending.store(true, Ordering::SeqCst);
            };
            let finished = connections::serve(listener, api::router(app), limits, stopped).await;
            Ok::<_, Error>((finished, inference))
        });
        let (finished, inference) = done?;
        if finished {
            // The last door to it is gone, so that it ends by itself.
            let _ = inference.join();
        } else {
            tracing::warn!("requests that were not finished in time are broken off");
        }
        runtime.shutdown_background();
        Ok(())
    }
}
