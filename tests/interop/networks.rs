//! Neural networks and measures of likeness, judged by photos and by the same steps in other hands.

use std::{fs, path::Path};

use atalaya_tests::process;

use crate::{server::Running, tools};

/// A server with these settings besides.
async fn server(settings: &[(&str, &str)]) -> Running {
    let models = process::models().display().to_string();
    let usual = [("ATALAYA_MODELS_DIR", &*models), ("ATALAYA_RATE_LIMITS", "off")];
    Running::start(&[&usual, settings].concat()).await
}

async fn passes(script: &str) {
    let models = process::models().display().to_string();
    let server = server(&[]).await;
    tools::run(&tools::Python::new().script(script, &[&server.address(), &models]));
}

/// The library in the package of PyPI.
fn onnxruntime() -> String {
    let packages = tools::file(".cache/venv/lib");
    let versions = fs::read_dir(packages).expect("a folder of Python's");
    let folders = versions.map(|entry| entry.expect("an entry").path());
    let folders = folders.map(|version| version.join("site-packages/onnxruntime/capi"));
    let files = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let mut names = files.map(|entry| entry.expect("an entry").path().display().to_string());
    names.find(|name| name.contains("libonnxruntime.so.")).expect("a library of ONNX Runtime")
}

#[tokio::test]
async fn enlarged_photos_are_nearer_to_the_truth_than_by_lanczos_filter() {
    passes("enlarging.py").await;
}

#[tokio::test]
async fn backgrounds_go_as_they_go_by_the_same_steps_elsewhere() {
    passes("cutting.py").await;
}

#[tokio::test]
async fn images_are_as_far_apart_as_scikit_image_says() {
    passes("comparing.py").await;
}

/// What the kernel says of each thread of the process in which a server runs neural networks.
fn threads(server: &Running) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("/proc").filter_map(Result::ok).map(|entry| entry.path());
    let read = |process: &Path, name: &str| fs::read_to_string(process.join(name)).unwrap_or_default();
    let parent = format!("PPid:\t{}\n", server.pid());
    let mut networks = processes.filter(|process| {
        read(process, "status").contains(&parent) && read(process, "cmdline").contains("--networks")
    });
    let process = networks.next().expect("a process with networks");
    assert!(networks.next().is_none(), "one is enough");
    let threads = fs::read_dir(process.join("task")).expect("threads");
    threads.map(|thread| read(&thread.expect("a thread").path(), "status")).collect()
}

#[tokio::test]
async fn onnx_runtime_and_an_operators_own_networks_do_what_ours_do_and_are_as_confined() {
    let ours = server(&[]).await;
    let own = process::models().join("upconv7photo_x2.onnx,scale=2,tile=64,context=7");
    let own = own.display().to_string();
    let settings = [
        ("ATALAYA_ONNXRUNTIME", &*onnxruntime()),
        ("ATALAYA_AI_THREADS", "3"),
        ("ATALAYA_DETAIL_MODEL", &*own),
        ("ATALAYA_BACKGROUND_MODEL", &process::models().join("u2netp.onnx").display().to_string()),
    ];
    let theirs = server(&settings).await;
    tools::run(&tools::Python::new().script("engines.py", &[&ours.address(), &theirs.address()]));
    let threads = threads(&theirs);
    // The library starts one for itself.
    assert!(threads.len() >= 3, "{threads:?}");
    for status in threads {
        assert!(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1"), "{status}");
    }
}
