//! The house: the real program on a fresh database and a folder of its own, gone with the test.

use atalaya_client::{Api, Calls};
use sqlx::{AnyConnection, Connection};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

use crate::{
    database::{Backend, Database},
    people::{self, Person, ROOT_EMAIL, ROOT_PASSWORD},
    process::{Program, Server, models},
    rest::Rest,
};

/// How a house is to be.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    settings: Vec<(&'static str, String)>,
}

impl Plan {
    /// Without workers: what is queued stays queued.
    pub fn without_workers() -> Self {
        Self::default().with("ATALAYA_ROLES", "grpc,bridge")
    }

    /// With a setting, by its name in the environment.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }
}

/// A house that is open.
pub struct House {
    /// Its doors for gRPC.
    pub api: Api,
    /// The connection behind them.
    pub channel: Channel,
    /// Its doors for REST.
    pub rest: Rest,
    /// The engine that it stands on.
    pub backend: Backend,
    server: Server,
    database: Database,
    folder: TempDir,
}

impl House {
    /// Runs a test on a house of its own for each database that is offered.
    pub async fn each(test: impl AsyncFn(&Self)) {
        Self::each_as(&Plan::default(), test).await;
    }

    /// The same, with houses of this plan.
    pub async fn each_as(plan: &Plan, test: impl AsyncFn(&Self)) {
        for backend in Backend::offered() {
            eprintln!("on {backend}");
            let house = Self::open(backend, plan).await;
            test(&house).await;
            house.close().await;
        }
    }

    /// Opens one. Rate limits are off, and there is a super_admin.
    pub async fn open(backend: Backend, plan: &Plan) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::fresh(backend, folder.path()).await;
        let program = Program::on(folder.path())
            .with("ATALAYA_DATABASE_URL", &database.url)
            .with("ATALAYA_MODELS_DIR", models())
            .with("ATALAYA_RATE_LIMITS", "off")
            .with("ATALAYA_ADMIN_EMAIL", ROOT_EMAIL)
            .with("ATALAYA_ADMIN_PASSWORD", ROOT_PASSWORD);
        let program = plan.settings.iter().fold(program, |program, (name, value)| program.with(name, value));
        let server = program.start().await.expect("the house opens");
        let channel = Endpoint::from_shared(server.url()).expect("an address").connect_lazy();
        let api = Api::connect(&server.url()).expect("an address");
        Self { api, channel, rest: Rest::at(server.address()), backend, server, database, folder }
    }

    /// Closes it and leaves nothing behind.
    pub async fn close(self) {
        drop(self.server);
        self.database.drop().await;
        self.folder.close().expect("its folder can be deleted");
    }

    /// Where its data is.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The database below it.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// All that the program has said so far on standard error.
    pub fn said(&self) -> String {
        self.server.said()
    }

    /// Changes its database behind its back.
    pub async fn write(&self, sql: &'static str) {
        sqlx::any::install_default_drivers();
        let mut database = AnyConnection::connect(&self.database.url).await.expect("the database opens");
        sqlx::query(sql).execute(&mut database).await.expect("a change");
        database.close().await.expect("the connection closes");
    }

    /// Calls as nobody.
    pub fn anonymous(&self) -> Calls {
        self.api.anonymous()
    }

    /// Its super_admin.
    pub async fn root(&self) -> Person {
        people::root(&self.api).await
    }

    /// Somebody new with the role admin.
    pub async fn admin(&self) -> Person {
        people::admin(&self.api).await
    }

    /// Somebody new with the role user.
    pub async fn user(&self, name: &str) -> Person {
        people::user(&self.api, name).await
    }
}
