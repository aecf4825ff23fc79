//! A first session: sign up, log in, upload an image, edit it three times, download the result.
//!
//! `cargo run -p atalaya-client --example first_session -- http://127.0.0.1:8080 photo.jpg result.jpg`
#![expect(clippy::print_stdout, reason = "an example talks to its reader")]

use std::{error::Error, path::Path};

use atalaya_client::{Api, Calls, Credentials, has_ended};
use atalaya_proto::{
    images::v1::{CompressImageRequest, GrayscaleImageRequest, RotateImageRequest, UploadHeader},
    tasks::v1::WatchTaskRequest,
    users::v1::{CreateSessionRequest, EndSessionRequest, SignUpRequest},
};
use uuid::Uuid;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, server, source, target] = arguments.as_slice() else {
        return Err("usage: first_session <server> <image file> <result file>".into());
    };
    let api = Api::connect(server)?;
    let me = log_in(&api).await?;

    let image = upload(&me, Path::new(source)).await?;
    rotate(&me, &image).await?;

    let grayscale = me.images().grayscale_image(GrayscaleImageRequest { id: image.clone() }).await?;
    finish(&me, grayscale.into_inner().task).await?;
    let compress = me
        .images()
        .compress_image(CompressImageRequest { id: image.clone(), quality: 60, target_score: 0 })
        .await?;
    finish(&me, compress.into_inner().task).await?;

    let download = me.download(&image, 0).await?;
    let size = download.copy_to(&mut tokio::fs::File::create(target).await?).await?;
    println!("downloaded {size} bytes to {target}");

    me.sessions().end_session(EndSessionRequest::default()).await?;
    Ok(())
}

/// Makes an account, logs it in, and answers with clients that carry its token.
async fn log_in(api: &Api) -> Outcome<Calls> {
    let email = format!("{}@example.com", Uuid::new_v4().simple());
    let password = Uuid::new_v4().to_string();
    let account = SignUpRequest {
        email: email.clone(),
        name: "First Session".into(),
        password: password.clone(),
        ..Default::default()
    };
    api.anonymous().accounts().sign_up(account).await?;

    let login = CreateSessionRequest { email: email.clone(), password };
    let session = api.anonymous().sessions().create_session(login).await?.into_inner().session;
    println!("logged in as {email}");
    Ok(api.with(Credentials::bearer(&session.ok_or("no session")?.token)?))
}

/// Uploads a file as it is read, never whole in memory, and answers with the image's id.
async fn upload(me: &Calls, source: &Path) -> Outcome<String> {
    let name = source.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let header = UploadHeader { name, content_type: String::new() };
    let image = me.upload_from(header, tokio::fs::File::open(source).await?).await?;
    println!("uploaded {} as {}", image.name, image.id);
    Ok(image.id)
}

/// Turns the image by a quarter and tells each state of the task as it comes.
async fn rotate(me: &Calls, image: &str) -> Outcome<()> {
    let request = RotateImageRequest { id: image.to_owned(), angle: 90 };
    let task = me.images().rotate_image(request).await?.into_inner().task.ok_or("no task")?;
    let mut states = me.tasks().watch_task(WatchTaskRequest { id: task.id }).await?.into_inner();
    while let Some(task) = states.message().await?.and_then(|state| state.task) {
        println!("{} {}: {}", task.name, task.state().as_str_name(), task.description);
        if has_ended(&task) {
            break;
        }
    }
    Ok(())
}

/// Waits for the end of a task and tells it.
async fn finish(me: &Calls, task: Option<atalaya_proto::tasks::v1::Task>) -> Outcome<()> {
    let task = me.wait(&task.ok_or("no task")?.id).await?;
    println!("{} {}: {}", task.name, task.state().as_str_name(), task.description);
    Ok(())
}
