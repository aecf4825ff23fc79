//! Uploads as browsers, scripts and strangers send them.

use atalaya_proto::images::v1::{GetImageRequest, ListImagesRequest};
use atalaya_tests::{House, Person, form::Form, pictures};
use http::header::CONTENT_TYPE;

const PATH: &str = "/api/v1/image/";

fn png() -> Vec<u8> {
    pictures::png(&pictures::scene(20, 10))
}

async fn count(person: &Person) -> i32 {
    let page = person.calls.images().list_images(ListImagesRequest::default()).await.expect("a page");
    page.into_inner().total_size
}

#[tokio::test]
async fn a_form_may_hold_other_fields_around_its_image() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let file = png();
        let form = Form::default()
            .text("comment", "a note that nobody reads")
            .file("image", "photo.png", "image/png", &file)
            .text("after", "and another");
        let made = house.rest.post(PATH).cookie(&mara.token).form(form).send().await.expect(201);
        let id = made.json()["image_id"].as_str().expect("an id").to_owned();
        let stored = house.rest.get(&format!("/api/v1/image/id/{id}/")).cookie(&mara.token).send().await;
        assert_eq!(stored.expect(200).body, file);
    })
    .await;
}

#[tokio::test]
async fn file_names_come_in_every_spelling_and_never_as_paths() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        for (disposition, name) in [
            ("filename=\"photo.png\"", "photo.png"),
            ("filename=plain.png", "plain.png"),
            ("filename=\"C:\\Users\\mara\\photo.png\"", "photo.png"),
            ("filename=\"../../etc/passwd\"", "passwd"),
            ("filename=\"a \\\"b\\\".png\"", "a \"b\".png"),
            ("filename=\"x.png\"; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE.png", "фото.png"),
        ] {
            let head = format!(
                "Content-Disposition: form-data; name=\"image\"; {disposition}\r\nContent-Type: image/png"
            );
            let form = Form::default().part(&head, &png());
            let made = house.rest.post(PATH).cookie(&mara.token).form(form).send().await.expect(201);
            let id = made.json()["image_id"].as_str().expect("an id").to_owned();
            let image =
                mara.calls.images().get_image(GetImageRequest { id }).await.expect("an image").into_inner();
            assert_eq!(image.image.expect("an image").name, name, "{disposition}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_form_that_is_cut_off_stores_nothing() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let form = Form::image("photo.png", "image/png", &png());
        let (content_type, whole) = (form.content_type(), form.clone().end());
        for length in [whole.len() - 3, whole.len() - 40, whole.len() / 2, 60, 1] {
            let ask = house.rest.post(PATH).cookie(&mara.token).header(CONTENT_TYPE, &content_type);
            let answer = ask.body(whole[..length].to_vec()).send().await.expect(400);
            assert_eq!(answer.description(), "There was an error parsing the body", "{length} bytes");
        }
        let ask = house.rest.post(PATH).cookie(&mara.token).header(CONTENT_TYPE, &content_type);
        assert_eq!(ask.body(form.cut_off()).send().await.status, 400);
        assert_eq!(count(&mara).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_sender_that_leaves_midway_stores_nothing() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let form = Form::image("photo.png", "image/png", &png());
        let (content_type, whole) = (form.content_type(), form.end());
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nCookie: access_token={}\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n",
            mara.token,
            whole.len(),
        );
        let half = [head.as_bytes(), &whole[..whole.len() / 2]].concat();
        let answer = house.rest.raw(&half).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
        let chunked = format!(
            "POST {PATH} HTTP/1.1\r\nHost: localhost\r\nCookie: access_token={}\r\nContent-Type: {content_type}\r\n\
             Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
            mara.token
        );
        let answer = house.rest.raw(chunked.as_bytes()).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert_eq!(count(&mara).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_refused_and_one_at_the_limit_is_not() {
    let limit = 32 * 1024 * 1024;
    let mut file = png();
    file.resize(limit, 0);
    let mut larger = file.clone();
    larger.push(0);
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let send = async |file: &[u8]| {
            let form = Form::image("large.png", "image/png", file);
            house.rest.post(PATH).cookie(&mara.token).form(form).send().await
        };
        let _ = send(&file).await.expect(201);
        assert_eq!(send(&larger).await.expect(413).description(), "The request body is too large.");
        assert_eq!(count(&mara).await, 1);
    })
    .await;
}

#[tokio::test]
async fn what_stands_beside_the_file_may_not_be_large() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let form =
            Form::default().text("comment", &"x".repeat(70_000)).file("image", "a.png", "image/png", &png());
        let answer = house.rest.post(PATH).cookie(&mara.token).form(form).send().await.expect(413);
        assert_eq!(answer.description(), "The request body is too large.");
        assert_eq!(count(&mara).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_part_needs_its_content_type_and_a_form_its_boundary() {
    House::each(async |house| {
        let mara = house.user("Mara").await;
        let head = "Content-Disposition: form-data; name=\"image\"; filename=\"a.png\"";
        let form = Form::default().part(head, &png());
        let answer = house.rest.post(PATH).cookie(&mara.token).form(form).send().await.expect(400);
        assert_eq!(answer.description(), "Unknown content type");
        for content_type in ["multipart/form-data", "multipart/mixed; boundary=x", "image/png", "text/html"] {
            let ask = house.rest.post(PATH).cookie(&mara.token).header(CONTENT_TYPE, content_type);
            let told = ask.body(png()).send().await.expect(422).json();
            assert_eq!(told["detail"][0]["loc"], serde_json::json!(["body", "image"]), "{content_type}");
        }
        let nobody = house.rest.post(PATH).form(Form::image("a.png", "image/png", &png())).send().await;
        assert_eq!(nobody.expect(401).description(), "Not authenticated.");
        assert_eq!(count(&mara).await, 0);
    })
    .await;
}
