//! The house: the real program on a fresh database and a folder of its own, gone with the test.

use std::{net::SocketAddr, sync::Arc};

use atalaya_client::{Api, Calls};
use sqlx::{AnyConnection, Connection};
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};

use crate::{
    database::{Backend, Database},
    people::{self, Person, ROOT_EMAIL, ROOT_PASSWORD},
    process::{Program, Server, models},
    rest::Rest,
    staged::Staged,
    world::ScriptedWorld,
};

/// How a house is to be.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    settings: Vec<(&'static str, String)>,
    files: Vec<(&'static str, Vec<u8>)>,
    world: Option<Arc<ScriptedWorld>>,
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

    /// With a file in its folder, which lies there before it opens.
    #[must_use]
    pub fn with_file(mut self, path: &'static str, content: Vec<u8>) -> Self {
        self.files.push((path, content));
        self
    }

    /// In a scripted world. The house stands within the test's process then, and has no workers.
    #[must_use]
    pub fn in_world(mut self, world: &Arc<ScriptedWorld>) -> Self {
        self.world = Some(Arc::clone(world));
        self
    }
}

/// What a house is served by.
enum Serving {
    Program(Box<Server>),
    Staged(Box<Staged>),
}

impl Serving {
    fn address(&self) -> SocketAddr {
        match self {
            Self::Program(server) => server.address(),
            Self::Staged(staged) => staged.address,
        }
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
    serving: Serving,
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
            Box::pin(house.close()).await;
        }
    }

    /// Opens one. Rate limits are off, and there is a super_admin.
    pub async fn open(backend: Backend, plan: &Plan) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let database = Database::fresh(backend, folder.path()).await;
        for (path, content) in &plan.files {
            let file = folder.path().join(path);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("its folder can be made");
            std::fs::write(file, content).expect("a file can be written");
        }
        let serving = if let Some(world) = &plan.world {
            let staged = Staged::open(folder.path(), &database.url, &plan.settings, world);
            Serving::Staged(Box::new(Box::pin(staged).await))
        } else {
            let server = program(&folder, &database, plan).start().await;
            Serving::Program(Box::new(server.expect("the house opens")))
        };
        let (address, url) = (serving.address(), format!("http://{}", serving.address()));
        let channel = Endpoint::from_shared(url.clone()).expect("an address").connect_lazy();
        let api = Api::connect(&url).expect("an address");
        Self { api, channel, rest: Rest::at(address), backend, serving, database, folder }
    }

    /// Closes it and leaves nothing behind.
    pub async fn close(self) {
        match self.serving {
            Serving::Program(server) => drop(server),
            Serving::Staged(staged) => {
                // Connections that are kept would be waited for.
                drop((self.api, self.channel));
                Box::pin(staged.close()).await;
            }
        }
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
        match &self.serving {
            Serving::Program(server) => server.said(),
            Serving::Staged(_) => String::new(),
        }
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

    /// The operator of site scans, in a session of their own.
    pub async fn operator(&self) -> Person {
        people::site_operator(&self.api).await
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

fn program(folder: &TempDir, database: &Database, plan: &Plan) -> Program {
    let program = Program::on(folder.path())
        .with("ATALAYA_DATABASE_URL", &database.url)
        .with("ATALAYA_MODELS_DIR", models())
        .with("ATALAYA_GEO_DIR", folder.path().join("geo"))
        .with("ATALAYA_RATE_LIMITS", "off")
        .with("ATALAYA_ADMIN_EMAIL", ROOT_EMAIL)
        .with("ATALAYA_ADMIN_PASSWORD", ROOT_PASSWORD);
    plan.settings.iter().fold(program, |program, (name, value)| program.with(name, value))
}
