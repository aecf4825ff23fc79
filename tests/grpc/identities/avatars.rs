//! Pictures become avatars.

use atalaya_proto::users::v1::{ChangeIdentityRequest, Identity};
use atalaya_tests::{
    House, Plan,
    identities::{Registered, register},
    pictures::{self, hostile},
    refused,
};
use tonic::Status;

use super::{change, change_of, get};

async fn set(house: &House, somebody: &Registered, picture: Vec<u8>) -> Result<Identity, Status> {
    change(house, ChangeIdentityRequest { avatar: Some(picture), ..change_of(somebody) }).await
}

#[tokio::test]
async fn any_picture_becomes_a_small_upright_webp_and_can_be_removed() {
    House::each_as(&Plan::without_workers(), async |house| {
        let mara = register(&house.api, "mara").await;
        let scene = pictures::quarters(900, 600);
        for (picture, size) in [
            (pictures::png(&scene), (450, 300)),
            (pictures::jpeg(&scene, 90), (450, 300)),
            (pictures::webp(&scene, 90.0), (450, 300)),
            (pictures::png(&pictures::quarters(40, 30)), (40, 30)),
            (pictures::jpeg_with_orientation(&scene, 90, 6), (300, 450)),
        ] {
            let changed = set(house, &mara, picture).await.expect("an avatar");
            assert!(changed.avatar.starts_with(b"RIFF"), "a WebP");
            assert_eq!(pictures::decode(&changed.avatar).size(), size);
            assert_eq!(get(house, &mara.id).await.expect("an identity").avatar, changed.avatar);
        }
        let upright = pictures::decode(&get(house, &mara.id).await.expect("an identity").avatar);
        let wanted = pictures::quarters(900, 600).upright(6);
        for (at, from) in [((75, 100), (150, 200)), ((225, 350), (450, 700))] {
            let far = upright
                .at(at.0, at.1)
                .iter()
                .zip(wanted.at(from.0, from.1))
                .any(|(a, b)| a.abs_diff(*b) > 20);
            assert!(!far, "{:?} {:?}", upright.at(at.0, at.1), wanted.at(from.0, from.1));
        }
        assert!(set(house, &mara, Vec::new()).await.expect("removed").avatar.is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_has_a_subscription_has_a_better_picture() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        let picture = pictures::png(&pictures::scene(450, 450));
        let plain = set(house, &mara, picture.clone()).await.expect("an avatar").avatar.len();
        let far = "UPDATE identities SET subscription_level = 1, subscription_end = 4102444800000";
        house.database().write(far).await;
        let fine = set(house, &mara, picture).await.expect("an avatar");
        assert!(fine.avatar.len() > plain * 2, "{} {plain}", fine.avatar.len());
        assert_eq!(fine.subscription_level, 1);
        assert!(fine.subscription_days > 365);
    })
    .await;
}

#[tokio::test]
async fn what_is_no_picture_is_refused_and_the_old_one_stays() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        let before = set(house, &mara, pictures::png(&pictures::scene(20, 20))).await.expect("an avatar");
        let mut damaged = pictures::jpeg(&pictures::scene(200, 200), 90);
        damaged.truncate(300);
        for (picture, told) in [
            (b"not a picture at all".to_vec(), "INVALID_ARGUMENT/AVATAR_INVALID"),
            (hostile::png_of(30_001, 8), "INVALID_ARGUMENT/AVATAR_INVALID"),
            (damaged, "INVALID_ARGUMENT/AVATAR_INVALID"),
            (vec![0; (8 << 20) + 1], "INVALID_ARGUMENT/IDENTITY_VALUE_INVALID"),
        ] {
            assert_eq!(refused(set(house, &mara, picture).await), told);
        }
        assert_eq!(get(house, &mara.id).await.expect("an identity").avatar, before.avatar);
    })
    .await;
}
