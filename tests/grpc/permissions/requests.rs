//! A good request of every method.

use atalaya_client::Api;
use atalaya_proto::{
    audit::v1 as audit, images::v1 as images, network::v1 as network, tasks::v1 as tasks, users::v1 as users,
};
use atalaya_tests::{House, Person, identities, people::PASSWORD, pictures, tokens};
use bytes::Bytes;
use prost::Message;
use uuid::Uuid;

/// A user's things that calls are about.
#[derive(Default)]
pub(super) struct Subject {
    pub(super) account: String,
    pub(super) grant: String,
    pub(super) scan: i64,
    image: String,
    task: String,
    session: String,
    access_token: String,
    refresh_token: String,
    rotating_token: String,
    personal_token: String,
    identity: Subjected,
}

/// An identity that any caller may be about, with its secrets, and a relay.
#[derive(Default)]
struct Subjected {
    id: String,
    username: String,
    key_hash: String,
    reset_token: String,
    omikron: String,
}

impl Subject {
    /// An owner's, of which only those are made that the method needs.
    pub(super) async fn of(house: &House, owner: &Person, method: &str) -> Self {
        let mut subject = Self { account: owner.id.clone(), ..Self::default() };
        if method.contains("TokenService") {
            subject.make_tokens(&house.api, owner).await;
        }
        if method.ends_with("/EndSession") {
            let request = users::ListSessionsRequest::default();
            let listed = owner.calls.sessions().list_sessions(request).await.expect("a list").into_inner();
            subject.session.clone_from(&listed.sessions[0].id);
        }
        if method.contains("/atalaya.scans.") {
            subject.scan = super::sites::scan(house, method).await;
        }
        if method.ends_with("/RevokeTarget") {
            let request = network::GrantTargetRequest {
                account_id: owner.id.clone(),
                cidr: "10.0.0.0/8".into(),
                note: String::new(),
            };
            let granted = house.root().await.calls.targets().grant_target(request).await.expect("a grant");
            subject.grant = granted.into_inner().grant.expect("a grant").id;
        }
        if method.contains("IdentityService") || method.contains("OmikronService") {
            subject.identity = Subjected::of(house, method).await;
        }
        let services = ["ImageService", "EvidenceService", "TaskService"];
        let needs_image = services.iter().any(|service| method.contains(service));
        if needs_image {
            subject.image = owner.upload("photo.png", &file()).await.id;
        }
        if method.contains("TaskService") {
            let request = images::GrayscaleImageRequest { id: subject.image.clone() };
            let queued = owner.calls.images().grayscale_image(request).await.expect("queued").into_inner();
            subject.task = queued.task.expect("a task").id;
        }
        // A watch ends with its task.
        if method.ends_with("/WatchTask") {
            let request = tasks::CancelTaskRequest { id: subject.task.clone() };
            owner.calls.tasks().cancel_task(request).await.expect("cancelled");
        }
        subject
    }
}

impl Subject {
    async fn make_tokens(&mut self, api: &Api, owner: &Person) {
        self.access_token = tokens::access(api, &owner.email, PASSWORD).await.expect("a token");
        self.refresh_token = tokens::refresh(owner).await.expect("a token");
        self.rotating_token = tokens::pair(api, &owner.email).await.expect("a pair").1;
        let request = users::CreatePersonalTokenRequest {
            name: "a script".into(),
            scopes: vec!["image:read".into()],
            lifetime: None,
        };
        let made = owner.calls.personal_tokens().create_personal_token(request).await.expect("a token");
        self.personal_token = made.into_inner().personal_token.expect("a token").id;
    }
}

impl Subjected {
    async fn of(house: &House, method: &str) -> Self {
        let omikron = Uuid::new_v4().to_string();
        if !method.ends_with("/AddOmikron") {
            identities::add_omikron(&house.root().await, &omikron).await;
        }
        if method.ends_with("/CompleteRegistration") {
            let id = identities::start(&house.api).await;
            return Self { id, omikron, ..Self::default() };
        }
        let made = identities::register(&house.api, &identities::new_name()).await;
        let (id, username) = (made.id, made.identity.username);
        Self { id, username, key_hash: made.key_hash, reset_token: made.reset_token, omikron }
    }
}

fn file() -> Vec<u8> {
    pictures::png(&pictures::scene(8, 8))
}

pub(super) fn one(message: &impl Message) -> Vec<Bytes> {
    vec![message.encode_to_vec().into()]
}

/// The messages of a request of the method, by a caller with this e-mail and password. A method that is missing
/// here fails the test.
pub(super) fn request(method: &str, subject: &Subject, email: &str, password: &str) -> Vec<Bytes> {
    let (service, name) = method.rsplit_once('/').expect("a method");
    match service {
        "/atalaya.users.v1.AccountService" => of_accounts(name, subject, email, password),
        "/atalaya.users.v1.SessionService" => of_sessions(name, subject, email, password),
        "/atalaya.users.v1.TokenService" => of_tokens(name, subject, email, password),
        "/atalaya.users.v1.PersonalTokenService" => of_personal_tokens(name, subject),
        "/atalaya.users.v1.IdentityService" => of_identities(name, &subject.identity),
        "/atalaya.users.v1.OmikronService" => of_omikrons(name, &subject.identity),
        "/atalaya.images.v1.ImageService" => of_images(name, &subject.image),
        "/atalaya.images.v1.EvidenceService" => super::evidence::request(name, &subject.image),
        "/atalaya.network.v1.NetworkService" => super::network::request(name),
        "/atalaya.network.v1.TargetService" => super::network::of_targets(name, subject),
        "/atalaya.scans.v1.OperatorService" => super::sites::of_operator(name),
        "/atalaya.scans.v1.ScanService" => super::sites::request(name, subject.scan),
        "/atalaya.scans.v1.SettingService" => super::sites::of_settings(name),
        "/atalaya.scans.v1.AlertService" => super::sites::of_alerts(name),
        "/atalaya.scans.v1.WebhookService" => super::sites::of_webhooks(name, subject.scan),
        "/atalaya.scans.v1.ConfigService" => super::sites::of_configs(name),
        "/atalaya.scans.v1.ScheduleService" => super::sites::of_schedules(name, subject.scan),
        "/atalaya.scans.v1.StatsService" => super::sites::of_stats(name, subject.scan),
        "/atalaya.tasks.v1.TaskService" => of_tasks(name, &subject.task),
        "/atalaya.audit.v1.AuditService" => of_audit(name),
        other => unlisted(other),
    }
}

pub(super) fn unlisted(name: &str) -> ! {
    panic!("{name} is missing in the table of permissions")
}

fn of_accounts(name: &str, subject: &Subject, email: &str, password: &str) -> Vec<Bytes> {
    let (id, email, password) = (subject.account.clone(), email.to_owned(), password.to_owned());
    let new = || format!("{}@example.com", Uuid::new_v4().simple());
    match name {
        "SignUp" => one(&users::SignUpRequest {
            email: new(),
            name: "Someone".into(),
            password,
            ..Default::default()
        }),
        "GetOwnAccount" => one(&users::GetOwnAccountRequest {}),
        "GetAccount" => one(&users::GetAccountRequest { id }),
        "ListAccounts" => one(&users::ListAccountsRequest::default()),
        "CreateAccount" => {
            let role = users::Role::User.into();
            one(&users::CreateAccountRequest { email: new(), name: "Someone".into(), password, role })
        }
        "ChangeName" => one(&users::ChangeNameRequest { name: "Someone else".into() }),
        "ChangeEmail" => one(&users::ChangeEmailRequest { email }),
        "ChangePassword" => one(&users::ChangePasswordRequest { password, ..Default::default() }),
        "DeleteAccount" => one(&users::DeleteAccountRequest { id }),
        "CloseAccount" => one(&users::CloseAccountRequest {}),
        "GrantAdmin" => one(&users::GrantAdminRequest { id }),
        "RevokeAdmin" => one(&users::RevokeAdminRequest { id }),
        "ActivateAccount" => one(&users::ActivateAccountRequest { id }),
        "DeactivateAccount" => one(&users::DeactivateAccountRequest { id }),
        other => unlisted(other),
    }
}

fn of_tokens(name: &str, subject: &Subject, email: &str, password: &str) -> Vec<Bytes> {
    let (user, password) = (email.to_owned(), password.to_owned());
    let (refresh_token, access_token) = (subject.refresh_token.clone(), subject.access_token.clone());
    match name {
        "CreateAccessToken" => one(&users::CreateAccessTokenRequest { user, password }),
        "RefreshAccessToken" => one(&users::RefreshAccessTokenRequest { refresh_token }),
        "CreateRefreshToken" => one(&users::CreateRefreshTokenRequest {}),
        "RevokeRefreshToken" => one(&users::RevokeRefreshTokenRequest { refresh_token }),
        "CheckToken" => one(&users::CheckTokenRequest { access_token }),
        "CreateTokenPair" => one(&users::CreateTokenPairRequest { user, password }),
        "RotateTokenPair" => {
            one(&users::RotateTokenPairRequest { refresh_token: subject.rotating_token.clone() })
        }
        "ListPublicKeys" => one(&users::ListPublicKeysRequest {}),
        "RotateSigningKey" => one(&users::RotateSigningKeyRequest { immediately: false }),
        other => unlisted(other),
    }
}

fn of_personal_tokens(name: &str, subject: &Subject) -> Vec<Bytes> {
    match name {
        "CreatePersonalToken" => one(&users::CreatePersonalTokenRequest {
            name: "a script".into(),
            scopes: vec!["image:read".into()],
            lifetime: None,
        }),
        "ListPersonalTokens" => one(&users::ListPersonalTokensRequest {}),
        "DeletePersonalToken" => {
            one(&users::DeletePersonalTokenRequest { id: subject.personal_token.clone() })
        }
        other => unlisted(other),
    }
}

fn of_sessions(name: &str, subject: &Subject, email: &str, password: &str) -> Vec<Bytes> {
    let account_id = subject.account.clone();
    match name {
        "CreateSession" => {
            one(&users::CreateSessionRequest { email: email.to_owned(), password: password.to_owned() })
        }
        "EndSession" => one(&users::EndSessionRequest { id: subject.session.clone() }),
        "ListSessions" => one(&users::ListSessionsRequest { account_id, ..Default::default() }),
        "EndOtherSessions" => one(&users::EndOtherSessionsRequest {}),
        "EndAllSessions" => one(&users::EndAllSessionsRequest { account_id }),
        other => unlisted(other),
    }
}

fn of_images(name: &str, image: &str) -> Vec<Bytes> {
    let (id, page_size, skip, revision) = (image.to_owned(), 0, 0, 1);
    match name {
        "UploadImage" => upload(),
        "CreateImage" => one(&images::CreateImageRequest { header: None, content: file().into() }),
        "GetImage" => one(&images::GetImageRequest { id }),
        "ListImages" => one(&images::ListImagesRequest { page_size, skip }),
        "GetUsage" => one(&images::GetUsageRequest {}),
        "DownloadImage" => one(&images::DownloadImageRequest { id, revision }),
        "GetImageContent" => one(&images::GetImageContentRequest { id, revision }),
        "DeleteImage" => one(&images::DeleteImageRequest { id }),
        "ListRevisions" => one(&images::ListRevisionsRequest { id, page_size, skip }),
        "RevertImage" => one(&images::RevertImageRequest { id, revision }),
        "RotateImage" => one(&images::RotateImageRequest { id, angle: 90 }),
        "GrayscaleImage" => one(&images::GrayscaleImageRequest { id }),
        "CompressImage" => one(&images::CompressImageRequest { id, quality: 85, target_score: 0 }),
        "UpscaleImage" => {
            let algorithm = images::UpscaleAlgorithm::NearestNeighbour.into();
            one(&images::UpscaleImageRequest { id, algorithm, scale: 2, style: 0 })
        }
        "RemoveBackground" => one(&images::RemoveBackgroundRequest { id }),
        "CropImage" => one(&images::CropImageRequest { id, area: Some(corner()) }),
        "ResizeImage" => one(&images::ResizeImageRequest { id, width: 9, height: 0 }),
        "BlurImage" => one(&images::BlurImageRequest { id, areas: vec![corner()] }),
        "ConvertImage" => {
            let format = images::ImageFormat::Webp.into();
            one(&images::ConvertImageRequest { id, format, quality: None })
        }
        other => unlisted(other),
    }
}

/// A rectangle that every image has.
fn corner() -> images::Rectangle {
    images::Rectangle { x: 0, y: 0, width: 1, height: 1 }
}

fn upload() -> Vec<Bytes> {
    use images::upload_image_request::Part;

    let file = Bytes::from(file());
    let size = file.len() as u64;
    [Part::Header(images::UploadHeader::default()), Part::Chunk(file), Part::End(size)]
        .into_iter()
        .flat_map(|part| one(&images::UploadImageRequest { part: Some(part) }))
        .collect()
}

fn of_tasks(name: &str, task: &str) -> Vec<Bytes> {
    let id = task.to_owned();
    match name {
        "GetTask" => one(&tasks::GetTaskRequest { id }),
        "ListTasks" => one(&tasks::ListTasksRequest::default()),
        "CancelTask" => one(&tasks::CancelTaskRequest { id }),
        "WatchTask" => one(&tasks::WatchTaskRequest { id }),
        other => unlisted(other),
    }
}

fn of_identities(name: &str, subject: &Subjected) -> Vec<Bytes> {
    let (id, private_key_hash) = (subject.id.clone(), subject.key_hash.clone());
    let (reset_token, new_token) = (subject.reset_token.clone(), Uuid::new_v4().to_string());
    let (omikron_id, iota_id) = (subject.omikron.clone(), "home".to_owned());
    match name {
        "StartRegistration" => one(&users::StartRegistrationRequest {}),
        "CompleteRegistration" => one(&identities::completion(&id, &identities::new_name())),
        "FindIdentity" => one(&users::FindIdentityRequest { username: subject.username.clone() }),
        "GetIdentity" => one(&users::GetIdentityRequest { id }),
        "ChangeIdentity" => one(&users::ChangeIdentityRequest { id, private_key_hash, ..Default::default() }),
        "ChangeIota" => one(&users::ChangeIotaRequest { id, iota_id, reset_token, new_token }),
        "ChangeKeys" => {
            let public_key = "key".to_owned();
            one(&users::ChangeKeysRequest { id, private_key_hash, public_key, reset_token, new_token })
        }
        "DeleteIdentity" => one(&users::DeleteIdentityRequest { id, reset_token }),
        "SetSubscription" => one(&users::SetSubscriptionRequest { id, level: 1, days: 30 }),
        "CheckKeyHash" => one(&users::CheckKeyHashRequest { id, omikron_id, private_key_hash }),
        "GetIota" => one(&users::GetIotaRequest { id, omikron_id }),
        other => unlisted(other),
    }
}

fn of_omikrons(name: &str, subject: &Subjected) -> Vec<Bytes> {
    let id = subject.omikron.clone();
    match name {
        "AddOmikron" => one(&users::AddOmikronRequest { id, name: "A relay".into() }),
        "ListOmikrons" => one(&users::ListOmikronsRequest::default()),
        "RemoveOmikron" => one(&users::RemoveOmikronRequest { id }),
        other => unlisted(other),
    }
}

fn of_audit(name: &str) -> Vec<Bytes> {
    match name {
        "ListEvents" => one(&audit::ListEventsRequest::default()),
        "VerifyEvents" => one(&audit::VerifyEventsRequest::default()),
        other => unlisted(other),
    }
}
