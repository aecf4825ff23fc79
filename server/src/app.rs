//! The services of one process, put together from settings.

mod console;
mod directory;
mod parts;
mod sites;

pub use self::parts::pools;

use std::{path::PathBuf, sync::Arc};

use atalaya_proto::{
    DESCRIPTOR_SET,
    audit::v1::audit_service_server::AuditServiceServer,
    images::v1::evidence_service_server::EvidenceServiceServer,
    network::v1::{network_service_server::NetworkServiceServer, target_service_server::TargetServiceServer},
    scans::v1::{
        alert_service_server::AlertServiceServer, config_service_server::ConfigServiceServer,
        operator_service_server::OperatorServiceServer, scan_service_server::ScanServiceServer,
        schedule_service_server::ScheduleServiceServer, setting_service_server::SettingServiceServer,
        stats_service_server::StatsServiceServer, webhook_service_server::WebhookServiceServer,
    },
    tasks::v1::task_service_server::TaskServiceServer,
    users::v1::{
        account_service_server::AccountServiceServer, identity_service_server::IdentityServiceServer,
        omikron_service_server::OmikronServiceServer,
        personal_token_service_server::PersonalTokenServiceServer,
        session_service_server::SessionServiceServer, token_service_server::TokenServiceServer,
    },
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::service::Routes;
use tower::util::MapResponseLayer;

pub use self::{
    console::{Console, console},
    directory::{Directory, directory},
    sites::Sites,
};
use crate::{
    admission::{AdmissionLayer, MAX_MESSAGE},
    audit,
    auth::{
        Role,
        device::Devices,
        layer::GateLayer,
        password::{self, Hasher},
    },
    clock::SharedClock,
    config::{self, Settings},
    db::{self, Db, OpenError},
    health::Checker,
    images::{self, worker::Pools},
    network::{self, World, domain::words::BadWords, targets},
    scans::{self, deliveries::Sender},
    secrets::{self, Secrets},
    tasks, unexplained,
    users::{self, Credentials, NewAccount, identities, model::Name, omikrons, operator::Operator, tokens},
};

/// Longest message with a picture that becomes an avatar: 8 MiB and what is said of it.
const MAX_AVATAR_MESSAGE: usize = (8 << 20) + MAX_MESSAGE;
/// Longest answer that carries no image: a page of 1,000 entries.
const MAX_ANSWER: usize = 8 << 20;

/// Longest answer with a map, or with all metadata of an image.
const MAX_EVIDENCE: usize = 24 << 20;
/// Longest message that names ports: each of them, with a comma after it, and whose.
const MAX_PORTS_MESSAGE: usize = 512 << 10;
/// Longest message with a configuration of site scans.
const MAX_CONFIG_MESSAGE: usize = (256 << 10) + MAX_MESSAGE;
/// Longest answer with what a scan has found: of 4,096 hosts.
const MAX_RESULT: usize = 64 << 20;
/// How often the first super_admin's password is brought to the hash threads before we give up.
const ADMIN_TRIES: u32 = 6;

/// Message limits are methods of each generated server, which share no trait.
macro_rules! bounded {
    ($server:expr) => {
        $server.max_decoding_message_size(MAX_MESSAGE).max_encoding_message_size(MAX_ANSWER)
    };
}

/// Why a process can't start: one clear sentence each.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Settings that do not go together.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The data folder can't be made.
    #[error("the data folder can't be made: {0}")]
    DataDir(std::io::Error),
    /// The database can't be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The byte store can't be opened.
    #[error("the byte store can't be opened: {0}")]
    Blobs(#[from] crate::blobs::Error),
    /// No threads for passwords.
    #[error(transparent)]
    Password(#[from] crate::auth::password::Error),
    /// The secrets in the database can't be opened.
    #[error(transparent)]
    Secrets(#[from] secrets::Error),
    /// The keys that sign tokens can't be opened.
    #[error("the keys that sign tokens can't be opened: {0}")]
    Tokens(#[from] tokens::Error),
    /// The operator's key file can't be read.
    #[error("--token-key-file (ATALAYA_TOKEN_KEY_FILE) can't be used: {0}")]
    KeyFile(String),
    /// The operator's labels can't be read.
    #[error("--words-file (ATALAYA_WORDS_FILE) can't be used: {0}")]
    Words(#[from] BadWords),
    /// Keys of this kind are made elsewhere.
    #[error(
        "--token-algorithm (ATALAYA_TOKEN_ALGORITHM) {0} needs a key: name its file in ATALAYA_TOKEN_KEY_FILE"
    )]
    NoKeyFile(&'static str),
    /// The first super_admin can't be made.
    #[error("the account of ATALAYA_ADMIN_EMAIL can't be made: {0}")]
    Admin(users::Error),
    /// What is set for neural networks is not fit for them.
    #[error(transparent)]
    Networks(#[from] images::trials::Unfit),
    /// The queue can't be put in order.
    #[error("the task queue can't be opened: {0}")]
    Tasks(#[from] tasks::Error),
    /// The folders of site scans can't be made.
    #[error("the folders of site scans can't be made: {0}")]
    SiteFolders(std::io::Error),
    /// The operator's fingerprints can't be read.
    #[error("--recog-dir (ATALAYA_RECOG_DIR) can't be used: {0}")]
    Fingerprints(crate::scans::probe::fingerprints::Unloaded),
    /// The operator's first password can't be set.
    #[error("ATALAYA_SCAN_PASSWORD can't be set: {0}")]
    Operator(crate::scans::operator::Error),
    /// Reflection can't read our own contract.
    #[error("the contract can't be reflected: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
}

/// The services of one process.
pub struct App {
    /// The database.
    pub db: Db,
    /// Accounts.
    pub accounts: users::Service,
    /// All that can open a door: sessions and tokens.
    pub credentials: Credentials,
    /// Identities.
    pub identities: identities::Service,
    /// The relays that ask for identities.
    pub omikrons: omikrons::Service,
    /// Images.
    pub images: images::Service,
    /// What images tell.
    pub evidence: images::evidence::Service,
    /// Networks.
    pub network: network::Service,
    /// Who may look at what.
    pub targets: targets::Service,
    /// Scans of sites.
    pub sites: Sites,
    /// Tasks.
    pub tasks: tasks::Service,
    /// The audit log.
    pub audit: audit::Service,
    /// Health.
    pub health: Checker,
    queue: tasks::Queue,
    world: Arc<dyn World>,
    site_scans: usize,
}

impl App {
    /// Opens the database and the byte store, and makes the services. Avatars are made in a process of
    /// `program sandbox`.
    pub async fn open(settings: &Settings, clock: SharedClock, program: PathBuf) -> Result<Self, Error> {
        let world = parts::real_world(settings, program.clone());
        Self::open_in(settings, clock, program, Arc::new(world)).await
    }

    /// The same, in a world.
    pub async fn open_in(
        settings: &Settings,
        clock: SharedClock,
        program: PathBuf,
        world: Arc<dyn World>,
    ) -> Result<Self, Error> {
        let words = parts::words(settings)?;
        make_folder(settings)?;
        let db = Db::open(&settings.database()).await?;
        let secrets = Secrets::open(&settings.key_file(), &db).await?;
        let server_key = async |name| secrets.server_key(&db, name, clock.now()).await;
        let queue = tasks::Queue::new(db.clone(), Arc::clone(&clock));
        let images = parts::images(settings, &db, &clock, &queue)?;
        let hasher = Hasher::start()?;
        let accounts = users::Service::new(
            db.clone(),
            Arc::clone(&clock),
            hasher.clone(),
            Devices::new(&server_key("device").await?),
            images.clone(),
            queue.clone(),
            parts::policy(settings),
        );
        let operator = sites::operator(settings, &db, &clock, &hasher).await?;
        let (targets, network) = parts::network(settings, &db, &clock, Arc::clone(&world), words);
        let sender = Sender::new(Arc::clone(&world), targets.clone(), Arc::clone(&clock));
        let sites = Sites::open(settings, &db, &clock, &secrets, &queue, operator.clone(), sender)?;
        let credentials = parts::credentials(settings, &db, &clock, &accounts, &secrets, operator).await?;
        let key = server_key("identity").await?;
        let Directory { identities, omikrons, .. } =
            Directory::new(settings, db.clone(), &clock, &key, program.clone());
        let tasks = tasks::Service::new(queue.clone());
        let audit = audit::Service::new(db.clone());
        let health = Checker::new(db.clone(), parts::services());
        let evidence = images::evidence::Service::new(images.clone(), program);
        let app = Self {
            db,
            accounts,
            credentials,
            identities,
            omikrons,
            images,
            evidence,
            network,
            targets,
            sites,
            tasks,
            audit,
            health,
            queue,
            world,
            site_scans: settings.sites.site_scans.into(),
        };
        app.seed_admin(settings).await?;
        Ok(app)
    }

    async fn seed_admin(&self, settings: &Settings) -> Result<(), Error> {
        if let (Some(email), Some(password)) = (&settings.admin_email, &settings.admin_password) {
            // Who is there already needs no password, be it one that is accepted no more.
            if !self.accounts.is_taken(email).await.map_err(Error::Admin)? {
                match create_admin(&self.accounts.operator(), email, "super_admin", &password.0).await {
                    Ok(_) | Err(users::Error::EmailTaken(_)) => {}
                    Err(error) => return Err(Error::Admin(error)),
                }
            }
        }
        if !self.accounts.has_super_admin().await.map_err(Error::Admin)? {
            tracing::warn!("nobody can make admins yet: run `atalaya admin create --email EMAIL`");
        }
        Ok(())
    }

    /// Every gRPC service behind the gate, with health and reflection.
    pub fn routes(&self) -> Result<Routes, Error> {
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_types::pb::FILE_DESCRIPTOR_SET)
        };
        let mut routes = Routes::builder();
        routes
            .add_service(bounded!(AccountServiceServer::new(self.accounts.clone())))
            .add_service(bounded!(SessionServiceServer::new(self.credentials.sessions.clone())))
            .add_service(bounded!(TokenServiceServer::new(self.credentials.tokens.clone())))
            .add_service(bounded!(PersonalTokenServiceServer::new(self.credentials.personal_tokens.clone())))
            .add_service(
                bounded!(IdentityServiceServer::new(self.identities.clone()))
                    .max_decoding_message_size(MAX_AVATAR_MESSAGE),
            )
            .add_service(bounded!(OmikronServiceServer::new(self.omikrons.clone())))
            .add_service(bounded!(TaskServiceServer::new(self.tasks.clone())))
            .add_service(images::grpc::Doors::new(&self.images))
            .add_service(
                bounded!(EvidenceServiceServer::new(self.evidence.clone()))
                    .max_encoding_message_size(MAX_EVIDENCE),
            )
            .add_service(
                bounded!(NetworkServiceServer::new(self.network.clone()))
                    .max_decoding_message_size(MAX_PORTS_MESSAGE),
            )
            .add_service(bounded!(TargetServiceServer::new(self.targets.clone())))
            .add_service(bounded!(OperatorServiceServer::new(self.sites.operator.clone())))
            .add_service(bounded!(SettingServiceServer::new(self.sites.settings.clone())))
            .add_service(
                bounded!(ConfigServiceServer::new(self.sites.configs.clone()))
                    .max_decoding_message_size(MAX_CONFIG_MESSAGE),
            )
            .add_service(
                bounded!(ScanServiceServer::new(self.sites.scans.clone()))
                    .max_encoding_message_size(MAX_RESULT),
            )
            .add_service(bounded!(ScheduleServiceServer::new(self.sites.schedules.clone())))
            .add_service(bounded!(StatsServiceServer::new(self.sites.stats.clone())))
            .add_service(bounded!(AlertServiceServer::new(self.sites.alerts.clone())))
            .add_service(bounded!(WebhookServiceServer::new(self.sites.webhooks.clone())))
            .add_service(bounded!(AuditServiceServer::new(self.audit.clone())))
            .add_service(bounded!(self.health.server()))
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?);
        // The gate stands outside: what is not let in does not wait for its turn.
        let routes = routes.routes().into_axum_router();
        let routes = routes
            .layer(AdmissionLayer::default())
            .layer(GateLayer::new(self.credentials.clone()))
            .layer(MapResponseLayer::new(unexplained::explain));
        Ok(Routes::from(routes))
    }

    /// Health alone, for a process that serves no gRPC otherwise.
    pub fn health_routes(&self) -> Routes {
        Routes::new(bounded!(self.health.server()))
    }

    /// Starts the workers: so many tasks at once in these processes, and the sweepers of what they leave behind.
    pub async fn start_workers(
        &self,
        pools: Pools,
        count: usize,
        stop: &CancellationToken,
        tracker: &TaskTracker,
    ) -> Result<(), Error> {
        self.queue.recover_all().await?;
        images::worker::start(&self.images, &self.queue, pools, count, stop, tracker);
        self.start_site_scans(stop, tracker);
        Ok(())
    }

    /// Starts whoever does the scans of sites.
    pub fn start_site_scans(&self, stop: &CancellationToken, tracker: &TaskTracker) {
        let crew = self.sites.crew(self.accounts.clone(), self.targets.clone(), Arc::clone(&self.world));
        scans::worker::start(crew, self.site_scans, stop, tracker);
        scans::deliveries::courier::start(self.sites.courier.clone(), stop, tracker);
    }
}

/// The accounts alone, for commands of the operator.
pub async fn accounts(settings: &Settings, clock: SharedClock) -> Result<(Db, Operator), Error> {
    make_folder(settings)?;
    let db = Db::open(&settings.database()).await?;
    Ok((db.clone(), Operator::new(db, clock, Hasher::start()?)))
}

/// The grants of targets alone, for commands of the operator.
pub fn targets(settings: &Settings, db: &Db, clock: &SharedClock) -> targets::Service {
    parts::targets(settings, db, clock)
}

/// Whether the files that settings name can be used: what stops the start does so before anything is made.
pub fn check(settings: &Settings) -> Result<(), Error> {
    parts::words(settings).map(drop)
}

/// Makes this process the one server of its `SQLite` file until the lock is dropped. Commands of the
/// operator do without: they work beside a running server.
pub fn lock(settings: &Settings) -> Result<db::Lock, Error> {
    let url = settings.database();
    db::check(&url)?;
    make_folder(settings)?;
    Ok(db::lock(&url)?)
}

fn make_folder(settings: &Settings) -> Result<(), Error> {
    std::fs::create_dir_all(&settings.data_dir).map_err(Error::DataDir)
}

/// Makes a super_admin. An operator is not turned away by a machine that is busy: it takes its time.
pub async fn create_admin(
    accounts: &Operator,
    email: &str,
    name: &str,
    password: &str,
) -> Result<users::model::Account, users::Error> {
    let mut tries = ADMIN_TRIES;
    loop {
        let new = NewAccount {
            email: Some(email.try_into()?),
            username: None,
            name: Name::at_sign_up(name)?,
            password: password.try_into()?,
            role: Role::SuperAdmin,
        };
        tries -= 1;
        match accounts.make(new).await {
            Err(users::Error::Password(password::Error::Busy)) if tries > 0 => {}
            made => return made,
        }
    }
}
