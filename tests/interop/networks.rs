//! Neural networks and measures of likeness, judged by photos and by the same steps in other hands.

use atalaya_tests::process;

use crate::{server::Running, tools};

async fn passes(script: &str) {
    let models = process::models().display().to_string();
    let settings = [("ATALAYA_MODELS_DIR", &*models), ("ATALAYA_RATE_LIMITS", "off")];
    let server = Running::start(&settings).await;
    tools::run(&tools::Python::new().script(script, &[&server.address(), &models]));
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
