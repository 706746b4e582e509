use super::*;
use server::{Server, State, sha256};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

const OLD: &str = "1111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222";
const REPO: &str = "timm/vit_tiny";
const FILE: &str = "model.safetensors";

fn body() -> Vec<u8> {
    (0..100_000u32).flat_map(|i| (i as u16).to_le_bytes()).collect()
}

fn serve() -> Server {
    Server::start(State { body: body(), commit: OLD.to_owned(), ..State::default() })
}

/// Waits are short: a test that fails must not take long either.
fn hub(server: &Server, cache: &Path) -> Hub {
    Hub::new(HubOptions {
        endpoint: Some(server.endpoint.clone()),
        cache: cache.to_path_buf(),
        timeout: Duration::from_millis(300),
        lock_timeout: Duration::from_millis(100),
        retries: 2,
        pause: Duration::from_millis(1),
        ..HubOptions::default()
    })
}

fn problem(result: Result<Fetched>) -> HubProblem {
    match result {
        Err(Error::Hub { repo, file, problem }) => {
            assert_eq!((repo.as_str(), file.as_str()), (REPO, FILE));
            problem
        }
        other => panic!("expected a problem with the hub, got {other:?}"),
    }
}

#[test]
fn a_fresh_file_lands_where_python_looks_for_it() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    let fetched = hub(&server, dir.path()).fetch(REPO, FILE, None).unwrap();
    assert_eq!(fetched.commit, OLD);
    let folder = dir.path().join("models--timm--vit_tiny");
    assert_eq!(fetched.path, folder.join("snapshots").join(OLD).join(FILE));
    assert_eq!(std::fs::read(&fetched.path).unwrap(), body());
    assert_eq!(std::fs::read_to_string(folder.join("refs/main")).unwrap(), OLD);
    let blob = folder.join("blobs").join(sha256(&body()));
    assert_eq!(std::fs::canonicalize(&fetched.path).unwrap(), std::fs::canonicalize(blob).unwrap());
    let gets: Vec<_> = server.seen().into_iter().filter(|line| line.starts_with("GET")).collect();
    assert_eq!(gets, [format!("GET /{REPO}/resolve/{OLD}/{FILE}")], "by commit, once");
}

#[test]
fn a_cached_commit_costs_no_request_and_a_cached_branch_no_download() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    let first = hub(&server, dir.path()).fetch(REPO, FILE, None).unwrap();
    server.state().seen.clear();
    assert_eq!(hub(&server, dir.path()).fetch(REPO, FILE, Some(OLD)).unwrap(), first);
    assert!(server.seen().is_empty());
    assert_eq!(hub(&server, dir.path()).fetch(REPO, FILE, Some("main")).unwrap(), first);
    assert!(server.seen().iter().all(|line| line.starts_with("HEAD")), "{:?}", server.seen());
}

#[test]
fn offline_means_no_request() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    let offline = |cache: &Path| {
        let options = hub(&server, cache).options().clone();
        Hub::new(HubOptions { offline: true, ..options })
    };
    let missing = problem(offline(dir.path()).fetch(REPO, FILE, None));
    assert_eq!(missing, HubProblem::Offline { cache: dir.path().to_path_buf() });
    let message = missing.to_string();
    assert!(message.contains("--offline") && message.contains("--weights"), "{message}");
    assert!(server.seen().is_empty());

    let fetched = hub(&server, dir.path()).fetch(REPO, FILE, None).unwrap();
    server.state().seen.clear();
    assert_eq!(offline(dir.path()).fetch(REPO, FILE, None).unwrap(), fetched);
    assert_eq!(offline(dir.path()).fetch(REPO, FILE, Some(OLD)).unwrap(), fetched);
    assert!(server.seen().is_empty());
}

#[test]
fn a_refused_token_says_what_to_do_and_is_not_tried_again() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    server.state().refuse = Some((401, "GatedRepo"));
    let options =
        HubOptions { token: Some("hf_secret".to_owned()), ..hub(&server, dir.path()).options().clone() };
    let refused = problem(Hub::new(options).fetch(REPO, FILE, None));
    assert_eq!(refused, HubProblem::Denied { status: 401 });
    assert!(refused.to_string().contains("HF_TOKEN") && !refused.to_string().contains("secret"));
    assert_eq!(server.seen(), [format!("HEAD /{REPO}/resolve/main/{FILE}  Bearer hf_secret")]);
}

#[test]
fn a_token_that_no_header_can_have_is_said_and_not_left_out() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    let options =
        HubOptions { token: Some("hf_a\nhf_b".to_owned()), ..hub(&server, dir.path()).options().clone() };
    assert_eq!(problem(Hub::new(options).fetch(REPO, FILE, None)), HubProblem::Token);
    assert!(server.seen().is_empty());
}

#[test]
fn what_does_not_exist_is_named() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    for (code, what) in
        [("RepoNotFound", "repository"), ("RevisionNotFound", "revision"), ("EntryNotFound", "file")]
    {
        server.state().refuse = Some((404, code));
        let missing = problem(hub(&server, dir.path()).fetch(REPO, FILE, Some("v1/x")));
        assert_eq!(missing, HubProblem::NotFound { what, revision: "v1/x".to_owned() });
    }
    assert!(server.seen()[0].starts_with(&format!("HEAD /{REPO}/resolve/v1%2Fx/{FILE}")));
}

#[test]
fn a_body_that_ends_early_is_continued_not_repeated() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    server.state().cut = 1;
    let steps = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&steps);
    let options = HubOptions {
        progress: Some(Arc::new(move |p: Progress| seen.lock().unwrap().push(p.done))),
        ..hub(&server, dir.path()).options().clone()
    };
    let fetched = Hub::new(options).fetch(REPO, FILE, None).unwrap();
    assert_eq!(std::fs::read(&fetched.path).unwrap(), body());
    let ranges: Vec<_> = server.seen().into_iter().filter(|line| line.contains("bytes=")).collect();
    assert!(matches!(ranges.as_slice(), [one] if one.ends_with("bytes=100000-")), "{ranges:?}");
    let steps = steps.lock().unwrap();
    assert!(steps.is_sorted() && steps.last() == Some(&200_000), "{steps:?}");
}

#[test]
fn a_body_that_always_ends_early_is_an_error_and_a_later_run_goes_on() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    server.state().cut = 3;
    // Three attempts get 1/2, 3/4 and 7/8 of the file.
    let cut = problem(hub(&server, dir.path()).fetch(REPO, FILE, None));
    assert_eq!(cut, HubProblem::Truncated { got: 175_000, expected: 200_000 });
    assert_eq!(hub(&server, dir.path()).cached(REPO, FILE, None), None);
    let fetched = hub(&server, dir.path()).fetch(REPO, FILE, None).unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), body());
    assert!(server.seen().iter().any(|line| line.ends_with("bytes=175000-")));
}

#[test]
fn a_silent_server_is_left_after_the_time_limit() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    server.state().stall = 1;
    let options = HubOptions { retries: 0, ..hub(&server, dir.path()).options().clone() };
    let silent = problem(Hub::new(options).fetch(REPO, FILE, None));
    assert_eq!(silent, HubProblem::Silent { waited: Duration::from_millis(300) });
    assert!(hub(&server, dir.path()).fetch(REPO, FILE, None).is_ok());
}

#[test]
fn a_branch_that_moved_is_fetched_again_and_the_old_commit_stays() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    let old = hub(&server, dir.path()).fetch(REPO, FILE, None).unwrap();
    {
        let mut state = server.state();
        state.body = b"new weights".to_vec();
        state.commit = NEW.to_owned();
    }
    let new = hub(&server, dir.path()).fetch(REPO, FILE, None).unwrap();
    assert_eq!(new.commit, NEW);
    assert_eq!(std::fs::read(&new.path).unwrap(), b"new weights");
    assert_eq!(std::fs::read(&old.path).unwrap(), body());
    assert_eq!(hub(&server, dir.path()).cached(REPO, FILE, None), Some(new));
    assert_eq!(hub(&server, dir.path()).cached(REPO, FILE, Some(OLD)), Some(old));
}

#[test]
fn bytes_with_another_hash_are_thrown_away() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    server.state().claim = Some("0".repeat(64));
    let corrupt = problem(hub(&server, dir.path()).fetch(REPO, FILE, None));
    assert!(matches!(corrupt, HubProblem::Corrupt { got, .. } if got == sha256(&body())));
    assert_eq!(hub(&server, dir.path()).cached(REPO, FILE, None), None);
}

#[test]
fn a_held_lock_is_waited_for_and_then_named() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    let options = hub(&server, dir.path()).options().clone();
    let held = RepoCache::new(dir.path(), REPO, MAIN).lock(&sha256(&body()), &options).unwrap();
    let locked = problem(hub(&server, dir.path()).fetch(REPO, FILE, None));
    assert!(
        matches!(&locked, HubProblem::Locked { lock, .. } if lock.starts_with(dir.path().join(".locks")))
    );
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(60));
        drop(held);
    });
    let patient = HubOptions { lock_timeout: Duration::from_secs(5), ..options };
    assert!(Hub::new(patient).fetch(REPO, FILE, None).is_ok());
    release.join().unwrap();
}

#[test]
fn a_server_error_is_tried_again_and_never_stored() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    server.state().refuse = Some((503, ""));
    assert_eq!(problem(hub(&server, dir.path()).fetch(REPO, FILE, None)), HubProblem::Server { status: 503 });
    assert_eq!(server.seen().len(), 3);
    assert!(!dir.path().join("models--timm--vit_tiny").exists());
}

#[test]
fn a_hub_that_is_not_there_is_unreachable_even_with_a_cached_branch() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    hub(&server, dir.path()).fetch(REPO, FILE, None).unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let options = HubOptions {
        endpoint: Some(format!("http://{closed}")),
        ..hub(&server, dir.path()).options().clone()
    };
    let gone = problem(Hub::new(options).fetch(REPO, FILE, None));
    assert!(matches!(gone, HubProblem::Unreachable { .. }), "{gone}");
    assert!(gone.to_string().contains("--offline"));
}

#[test]
fn the_first_file_that_exists_is_taken() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    server.state().refuse = Some((404, "EntryNotFound"));
    let none = hub(&server, dir.path()).fetch_first(REPO, &[FILE, "pytorch_model.bin"], None);
    assert!(matches!(problem(none), HubProblem::NotFound { what: "file", .. }));
    assert_eq!(server.seen().len(), 2);
}

/// The variables of a process are set from outside, so this test starts itself again as a child that has them.
#[test]
fn without_a_token_none_is_sent_whatever_the_environment_has() {
    const NAME: &str = "hub::tests::without_a_token_none_is_sent_whatever_the_environment_has";
    if std::env::var("HF_TOKEN").as_deref() != Ok("hf_environment") {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("token"), "hf_file").unwrap();
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", NAME]).env("HF_HOME", home.path()).env("HF_TOKEN", "hf_environment");
        let output = child.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let (server, from_env) = (serve(), HubOptions::from_env());
    assert_eq!(from_env.token.as_deref(), Some("hf_environment"));
    hub(&server, &from_env.cache).fetch(REPO, FILE, None).unwrap();
    assert!(!server.seen().is_empty() && !server.seen().iter().any(|line| line.contains("Bearer")));
}

#[test]
fn the_token_goes_to_the_endpoint_and_to_no_other_host() {
    let (server, elsewhere, dir) = (serve(), serve(), tempfile::tempdir().unwrap());
    server.state().moved = Some(elsewhere.endpoint.clone());
    let options =
        HubOptions { token: Some("hf_secret".to_owned()), ..hub(&server, dir.path()).options().clone() };
    let fetched = Hub::new(options).fetch(REPO, FILE, None).unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), body());
    assert_eq!(
        server.seen(),
        [
            format!("HEAD /{REPO}/resolve/main/{FILE}  Bearer hf_secret"),
            format!("GET /{REPO}/resolve/{OLD}/{FILE}  Bearer hf_secret"),
        ]
    );
    assert_eq!(elsewhere.seen(), [format!("GET /{REPO}/resolve/{OLD}/{FILE}")]);
}

#[test]
fn a_renamed_repository_is_followed_with_the_token() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    server.state().moved = Some("/renamed".to_owned());
    let options =
        HubOptions { token: Some("hf_secret".to_owned()), ..hub(&server, dir.path()).options().clone() };
    let fetched = Hub::new(options).fetch(REPO, FILE, None).unwrap();
    assert_eq!(fetched.path, dir.path().join("models--timm--vit_tiny/snapshots").join(OLD).join(FILE));
    let seen = server.seen();
    assert!(seen.iter().any(|line| line.starts_with("GET /renamed")), "{seen:?}");
    assert!(seen.iter().all(|line| line.ends_with("Bearer hf_secret")), "{seen:?}");
}

#[test]
fn redirects_in_a_circle_end() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    let circle = server.endpoint.clone();
    server.state().moved = Some(circle);
    let options = HubOptions { retries: 0, ..hub(&server, dir.path()).options().clone() };
    let lost = problem(Hub::new(options).fetch(REPO, FILE, None));
    assert!(matches!(&lost, HubProblem::Unreachable { reason } if reason.contains("redirects")), "{lost}");
}

#[test]
fn a_link_whose_blob_is_gone_is_made_again_and_works_where_the_cache_is_moved_to() {
    let (server, dir) = (serve(), tempfile::tempdir().unwrap());
    let file = "sub/folder/model.safetensors";
    let fetched = hub(&server, &dir.path().join("hub")).fetch(REPO, file, None).unwrap();
    std::fs::remove_file(std::fs::canonicalize(&fetched.path).unwrap()).unwrap();
    assert_eq!(hub(&server, &dir.path().join("hub")).cached(REPO, file, None), None);
    assert_eq!(hub(&server, &dir.path().join("hub")).fetch(REPO, file, None).unwrap(), fetched);
    std::fs::rename(dir.path().join("hub"), dir.path().join("moved")).unwrap();
    let moved = hub(&server, &dir.path().join("moved")).cached(REPO, file, Some(OLD)).unwrap();
    assert_eq!(std::fs::read(moved.path).unwrap(), body());
}
