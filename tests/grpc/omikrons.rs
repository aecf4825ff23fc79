//! Relays: who lets them in, and what they are told.

use atalaya_proto::users::v1::{
    AddOmikronRequest, ChangeIotaRequest, CheckKeyHashRequest, GetIotaRequest, ListOmikronsRequest,
    RemoveOmikronRequest,
};
use atalaya_tests::{
    House,
    identities::{OMIKRON, add_omikron, register},
    process::Program,
    refused, verdict,
};
use uuid::Uuid;

fn named(id: &str, name: &str) -> AddOmikronRequest {
    AddOmikronRequest { id: id.to_owned(), name: name.to_owned() }
}

async fn check(house: &House, id: &str, omikron_id: &str, hash: &str) -> Result<bool, tonic::Status> {
    let request = CheckKeyHashRequest {
        id: id.to_owned(),
        omikron_id: omikron_id.to_owned(),
        private_key_hash: hash.to_owned(),
    };
    Ok(house.anonymous().identities().check_key_hash(request).await?.into_inner().matches)
}

#[tokio::test]
async fn an_admin_lets_relays_in_and_shuts_them_out() {
    House::each(async |house| {
        let admin = house.admin().await;
        let mut omikrons = admin.calls.omikrons();
        let added = omikrons.add_omikron(named(OMIKRON, "North")).await.expect("added").into_inner();
        let omikron = added.omikron.expect("a relay");
        assert_eq!((omikron.id_prefix.as_str(), omikron.name.as_str()), ("0c8ba68a", "North"));
        let again = omikrons.add_omikron(named(&OMIKRON.to_uppercase(), "")).await;
        assert_eq!(refused(again), "ALREADY_EXISTS/OMIKRON_EXISTS");
        for (request, told) in [
            (named("nonsense", ""), "INVALID_ARGUMENT/ID_INVALID"),
            (named(&Uuid::nil().to_string(), "a\nb"), "INVALID_ARGUMENT/NAME_INVALID"),
            (named(&Uuid::nil().to_string(), &"x".repeat(256)), "INVALID_ARGUMENT/NAME_INVALID"),
        ] {
            assert_eq!(refused(omikrons.add_omikron(request).await), told);
        }
        let listed =
            omikrons.list_omikrons(ListOmikronsRequest::default()).await.expect("a page").into_inner();
        assert_eq!((listed.omikrons, listed.total_size), (vec![omikron], 1));

        let remove = async || {
            let request = RemoveOmikronRequest { id: OMIKRON.to_owned() };
            verdict(admin.calls.omikrons().remove_omikron(request).await)
        };
        assert_eq!(remove().await, "OK");
        assert_eq!(remove().await, "NOT_FOUND/OMIKRON_NOT_FOUND");
        let log = house.database().audited("0c8ba68a").await;
        assert_eq!(log, ["account omikron.add done North", "account omikron.remove done"]);
    })
    .await;
}

#[tokio::test]
async fn only_a_known_relay_is_told_whether_a_hash_is_right_and_where_somebody_is_at_home() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        assert_eq!(
            refused(check(house, &mara.id, OMIKRON, &mara.key_hash).await),
            "UNAUTHENTICATED/OMIKRON_UNKNOWN"
        );
        add_omikron(&house.root().await, OMIKRON).await;
        assert_eq!(check(house, &mara.id, OMIKRON, &mara.key_hash).await.ok(), Some(true));
        for wrong in ["", "abc", &"x".repeat(1000)] {
            assert_eq!(check(house, &mara.id, OMIKRON, wrong).await.ok(), Some(false));
        }
        for other in ["", "nonsense", &Uuid::new_v4().to_string()] {
            let told = refused(check(house, &mara.id, other, &mara.key_hash).await);
            assert_eq!(told, "UNAUTHENTICATED/OMIKRON_UNKNOWN", "{other}");
        }
        let nobody = Uuid::new_v4().to_string();
        assert_eq!(refused(check(house, &nobody, OMIKRON, "abc").await), "NOT_FOUND/IDENTITY_NOT_FOUND");

        let home = async || {
            let request = GetIotaRequest { id: mara.id.clone(), omikron_id: OMIKRON.to_owned() };
            house.anonymous().identities().get_iota(request).await.expect("a home").into_inner().iota_id
        };
        let before = home().await;
        let request = ChangeIotaRequest {
            id: mara.id.clone(),
            iota_id: "another home".to_owned(),
            reset_token: mara.reset_token.clone(),
            new_token: "next".to_owned(),
        };
        house.anonymous().identities().change_iota(request).await.expect("moved");
        assert_ne!(before, "another home");
        assert_eq!(home().await, "another home");
        let log = house.database().audited(&mara.id).await;
        let refusals = log.iter().filter(|line| line.contains("refused")).collect::<Vec<_>>();
        assert_eq!(refusals[3], "omikron identity.check_key_hash refused wrong key hash");
        assert_eq!(refusals.len(), 7);
        let all = log.join("\n");
        assert!(!all.contains(&mara.key_hash) && !all.contains(OMIKRON), "a secret is in the log");
    })
    .await;
}

#[tokio::test]
async fn the_operator_lets_relays_in_and_shuts_them_out_by_command() {
    House::each(async |house| {
        let mara = register(&house.api, "mara").await;
        let program =
            Program::on(house.folder()).with("ATALAYA_DATABASE_URL", &house.database().url).saying("omikron");
        let id = format!("--id={OMIKRON}");
        let said = async |words: &[&str]| {
            let program = words.iter().fold(program.clone(), |program, word| program.saying(word));
            program.run("").await.expect("an end")
        };
        let added = said(&["add", &id, "--name=North"]).await;
        assert_eq!((added.status.success(), added.output.as_str()), (true, "added omikron 0c8ba68a"));
        assert_eq!(check(house, &mara.id, OMIKRON, &mara.key_hash).await.ok(), Some(true));
        let listed = said(&["list", "--json"]).await.output;
        assert!(listed.starts_with("[{") && listed.contains(r#""name":"North""#), "{listed}");
        assert!(!listed.contains(OMIKRON), "its id is its secret");
        let again = said(&["add", &id]).await;
        assert!(!again.status.success() && again.errors.contains("may ask already"), "{}", again.errors);
        assert!(said(&["remove", &id]).await.status.success());
        let told = refused(check(house, &mara.id, OMIKRON, &mara.key_hash).await);
        assert_eq!(told, "UNAUTHENTICATED/OMIKRON_UNKNOWN");
        let nonsense = said(&["add", "--id=nonsense"]).await;
        assert_eq!(nonsense.status.code(), Some(2), "{}", nonsense.errors);
        let log = house.database().audited("0c8ba68a").await;
        assert_eq!(log, ["operator omikron.add done North", "operator omikron.remove done"]);
    })
    .await;
}
