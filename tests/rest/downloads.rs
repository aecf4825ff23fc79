//! Downloads as browsers and caches ask for them: tags, dates, parts, heads.

use atalaya_proto::images::v1::RotateImageRequest;
use atalaya_tests::{House, Person, pictures, rest::Answer};

struct Stored {
    mara: Person,
    path: String,
    file: Vec<u8>,
    whole: Answer,
}

async fn stored(house: &House) -> Stored {
    let mara = house.user("Mara").await;
    let file = pictures::png(&pictures::scene(200, 150));
    let image = mara.upload("фото 1.png", &file).await;
    let path = format!("/api/v1/image/id/{}/", image.id);
    let whole = house.rest.get(&path).cookie(&mara.token).send().await.expect(200);
    Stored { mara, path, file, whole }
}

#[tokio::test]
async fn a_tag_is_strong_stays_while_the_bytes_do_and_changes_with_them() {
    House::each(async |house| {
        let Stored { mara, path, file, whole } = stored(house).await;
        assert_eq!(whole.body, file);
        let tag = whole.header("etag").to_owned();
        assert!(tag.starts_with('"') && tag.len() == 66, "{tag}");
        let ask = async |tag: &str| {
            house.rest.get(&path).cookie(&mara.token).header("if-none-match", tag).send().await
        };
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let answer = ask(&known).await.expect(304);
            assert!(answer.body.is_empty() && answer.header("etag") == tag, "{known}");
        }
        for other in ["\"x\"", "nonsense", ""] {
            assert_eq!(ask(other).await.expect(200).body, file, "{other}");
        }
        let request = RotateImageRequest { id: path.split('/').nth(5).expect("an id").to_owned(), angle: 90 };
        let task = mara
            .calls
            .images()
            .rotate_image(request)
            .await
            .expect("queued")
            .into_inner()
            .task
            .expect("a task");
        mara.calls.wait(&task.id).await.expect("an end");
        let turned = ask(&tag).await.expect(200);
        assert_ne!(turned.header("etag"), tag);
        assert_eq!(pictures::decode(&turned.body).size(), (150, 200));
    })
    .await;
}

#[tokio::test]
async fn a_date_is_as_good_as_a_tag_where_there_is_none() {
    House::each(async |house| {
        let Stored { mara, path, whole, .. } = stored(house).await;
        let modified = whole.header("last-modified").to_owned();
        let ask = async |since: &str| {
            house.rest.get(&path).cookie(&mara.token).header("if-modified-since", since).send().await.status
        };
        assert_eq!(ask(&modified).await, 304);
        assert_eq!(ask("Sun, 06 Nov 1994 08:49:37 GMT").await, 200);
        assert_eq!(ask("yesterday").await, 200);
        let both = house.rest.get(&path).cookie(&mara.token).header("if-modified-since", &modified);
        assert_eq!(both.header("if-none-match", "\"x\"").send().await.status, 200, "the tag counts");
    })
    .await;
}

#[tokio::test]
async fn a_range_of_bytes_is_cut_out_exactly() {
    House::each(async |house| {
        let Stored { mara, path, file, whole } = stored(house).await;
        let size = file.len();
        let ask =
            async |range: &str| house.rest.get(&path).cookie(&mara.token).header("range", range).send().await;
        for (range, start, end) in [
            ("bytes=0-0".to_owned(), 0, 1),
            ("bytes=10-99".to_owned(), 10, 100),
            (format!("bytes={}-", size - 5), size - 5, size),
            ("bytes=-7".to_owned(), size - 7, size),
            (format!("bytes=3-{}", size * 2), 3, size),
        ] {
            let part = ask(&range).await.expect(206);
            assert_eq!(part.body, file[start..end], "{range}");
            assert_eq!(part.header("content-range"), format!("bytes {start}-{}/{size}", end - 1));
            assert_eq!(part.header("content-length"), (end - start).to_string());
        }
        for beyond in [format!("bytes={size}-"), "bytes=-0".to_owned()] {
            let refused = ask(&beyond).await.expect(416);
            assert_eq!(refused.header("content-range"), format!("bytes */{size}"));
        }
        for none in ["bytes=5-2", "lines=1-2", "bytes=0-1,3-4", "nonsense"] {
            assert_eq!(ask(none).await.expect(200).body, file, "{none}");
        }
        let if_range = async |tag: &str| {
            let ask = house.rest.get(&path).cookie(&mara.token).header("range", "bytes=0-0");
            ask.header("if-range", tag).send().await.status
        };
        assert_eq!([if_range(whole.header("etag")).await, if_range("\"x\"").await], [206, 200]);
    })
    .await;
}

#[tokio::test]
async fn a_head_tells_what_a_get_would_and_sends_nothing() {
    House::each(async |house| {
        let Stored { mara, path, whole, .. } = stored(house).await;
        let head = house.rest.ask("HEAD", &path).cookie(&mara.token).send().await.expect(200);
        assert!(head.body.is_empty());
        for name in [
            "content-type",
            "content-length",
            "etag",
            "last-modified",
            "content-disposition",
            "accept-ranges",
        ] {
            assert_eq!(head.header(name), whole.header(name), "{name}");
            assert!(!head.header(name).is_empty(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_in_an_image_runs_and_nothing_is_kept_for_others() {
    House::each(async |house| {
        let Stored { whole, .. } = stored(house).await;
        assert_eq!(whole.header("content-type"), "image/png");
        assert_eq!(whole.header("x-content-type-options"), "nosniff");
        assert_eq!(whole.header("content-security-policy"), "default-src 'none'; sandbox");
        assert!(whole.header("cache-control").starts_with("private"));
        assert_eq!(
            whole.header("content-disposition"),
            "inline; filename=\"____ 1.png\"; filename*=UTF-8''%D1%84%D0%BE%D1%82%D0%BE%201.png"
        );
    })
    .await;
}
