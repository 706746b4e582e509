//! The one place that accepts connections (ARCHITECTURE.md, doors to the network).

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{future::Future, pin::pin, sync::Arc, time::Duration};
use tokio::{net::TcpListener, select, sync::Semaphore};

/// How long a client may take for the headers of its request, and stay without one.
const HEADERS: Duration = Duration::from_secs(30);
/// How long accepting rests after the system refused a connection, for want of files mostly.
const REST: Duration = Duration::from_millis(100);

/// How many connections there may be, and how long the last requests may take.
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) drain: Duration,
}

/// Serves until `stop` is done, then takes no new request and finishes those it took. Returns whether all were finished in time.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: impl Future<Output = ()>,
) -> bool {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEADERS);
    let (graceful, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(limits.connections.max(1))));
    let mut stop = pin!(stop);
    loop {
        let accept = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = select! {
            accepted = accept => accepted,
            () = &mut stop => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!("a connection was not accepted: {error}");
                tokio::time::sleep(REST).await;
                continue;
            }
        };
        // Answers are small and wait for nothing.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!("a connection ended early: {error}");
            }
            drop(place);
        });
    }
    drop((listener, router));
    tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_ok()
}
