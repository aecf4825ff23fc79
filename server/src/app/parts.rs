//! Services and keys that take several settings.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use atalaya_proto::{
    audit::v1::audit_service_server,
    images::v1::{evidence_service_server, image_service_server},
    network::v1::{network_service_server, target_service_server},
    scans::v1::{
        alert_service_server, config_service_server, operator_service_server, scan_service_server,
        schedule_service_server, setting_service_server, stats_service_server, webhook_service_server,
    },
    tasks::v1::task_service_server,
    users::v1::{
        account_service_server, identity_service_server, omikron_service_server,
        personal_token_service_server, session_service_server, token_service_server,
    },
};

use super::Error;
use crate::{
    auth::jws::{Algorithm, Key},
    blobs::Blobs,
    clock::SharedClock,
    config::Settings,
    db::Db,
    images::{self, models::Models, trials, worker::Pools},
    network::{
        self, RealWorld, World,
        addresses::{Data, Registries},
        domain::{Logs, Words},
        real_world::Resolver,
        targets::{self, TargetPolicy},
    },
    scans::operator,
    secrets::Secrets,
    tasks,
    users::{
        self, Credentials, personal_tokens, sessions,
        tokens::{self, Keys, keys::Source},
    },
};

/// Images, where the settings keep them, with the neural networks that there are.
pub(super) fn images(
    settings: &Settings,
    db: &Db,
    clock: &SharedClock,
    queue: &tasks::Queue,
) -> Result<images::Service, Error> {
    Ok(images::Service::new(
        db.clone(),
        Arc::clone(clock),
        Blobs::open(&settings.place()?)?,
        queue.clone(),
        settings.keeping.limits(),
        models(settings),
    ))
}

/// The rules of accounts.
pub(super) fn policy(settings: &Settings) -> users::service::Policy {
    users::service::Policy {
        limited: settings.rate_limits.is_on(),
        any_passwords: settings.any_passwords.is_on(),
    }
}

/// Who may look at which networks.
pub(super) fn targets(settings: &Settings, db: &Db, clock: &SharedClock) -> targets::Service {
    let set = &settings.targets;
    let policy = TargetPolicy::new(set.allow_targets.clone(), set.deny_targets.clone());
    targets::Service::new(db.clone(), Arc::clone(clock), Arc::new(policy))
}

/// Who may look at which networks, and what looks at them in a world.
pub(super) fn network(
    settings: &Settings,
    db: &Db,
    clock: &SharedClock,
    world: Arc<dyn World>,
    words: Words,
) -> (targets::Service, network::Service) {
    let targets = targets(settings, db, clock);
    let data = Data::new(settings.sources.geo_dir.clone());
    let limits = settings.targets.limits(settings.rate_limits.is_on());
    let network = network::Service::new(db.clone(), Arc::clone(clock), targets.clone(), world, data, limits);
    let sources = &settings.sources;
    let (mut registries, mut logs) = (None, None);
    if sources.online_sources.is_on() {
        registries = Some(Registries::new(sources.rdap_bootstrap.clone(), Arc::clone(targets.policy())));
        logs = Some(Logs::new(Arc::clone(targets.policy())));
    }
    (targets, network.with_words(words).with_registries(registries).with_logs(logs))
}

/// The labels with which names are guessed.
pub(super) fn words(settings: &Settings) -> Result<Words, Error> {
    Ok(Words::open(settings.targets.words_file.as_deref())?)
}

/// The world that this machine is in, with its resolvers, which may be asked wherever they are, and raw sockets in
/// processes of `program raw-sockets`.
pub(super) fn real_world(settings: &Settings, program: PathBuf) -> RealWorld {
    let policy = TargetPolicy::default();
    let resolver = |address: SocketAddr| Resolver {
        server: policy.resolver(address.ip()),
        port: address.port(),
        public: targets::special::class(address.ip()) == targets::Class::Public,
    };
    let resolvers: Vec<Resolver> = settings.targets.resolvers().into_iter().map(resolver).collect();
    RealWorld::new(&resolvers).with_browser(settings.browsing.browser()).with_program(program)
}

/// All that can open a door: sessions and tokens.
pub(super) async fn credentials(
    settings: &Settings,
    db: &Db,
    clock: &SharedClock,
    accounts: &users::Service,
    secrets: &Secrets,
    operator: operator::Service,
) -> Result<Credentials, Error> {
    let key_named = async |name| secrets.server_key(db, name, clock.now()).await;
    let ttl = settings.session_ttl;
    let key = key_named("session").await?;
    let sessions = sessions::Service::new(db.clone(), Arc::clone(clock), accounts.clone(), &key, ttl);
    let source = key_source(settings)?;
    let keys = Keys::open(db.clone(), Arc::clone(clock), secrets.clone(), source, &settings.terms()).await?;
    let tokens = tokens::Service::new(
        Arc::clone(clock),
        accounts.clone(),
        sessions.clone(),
        keys,
        &key_named("refresh").await?,
        settings.terms(),
    );
    let personal_tokens = personal_tokens::Service::new(db.clone(), Arc::clone(clock));
    Ok(Credentials { sessions, tokens, personal_tokens, operator })
}

fn models(settings: &Settings) -> Models {
    Models {
        folder: settings.networks.models_dir.clone(),
        detail: settings.networks.detail_model.as_ref().map(|own| own.file.clone()),
        matte: settings.networks.background_model.as_ref().map(|own| own.file.clone()),
    }
}

/// So many processes of `program sandbox` for edits, and one for neural networks on a machine with so many cores. What
/// the settings say of networks is tried before anything else is touched.
pub async fn pools(
    settings: &Settings,
    program: PathBuf,
    count: usize,
    cores: usize,
) -> Result<Pools, Error> {
    let networks = settings.networks.plan(cores);
    let library = networks.library.clone();
    let pools = Pools::new(program, count, networks);
    trials::all(&pools.networks, library.as_deref(), &models(settings)).await?;
    Ok(pools)
}

/// Where the keys that sign tokens come from.
pub(super) fn key_source(settings: &Settings) -> Result<Source, Error> {
    let algorithm = settings.token_algorithm;
    let Some(path) = &settings.token_key_file else {
        // RSA keys are not made here: it takes seconds, and ring does not.
        let made_here = !matches!(algorithm, Algorithm::Rs(_) | Algorithm::Ps(_));
        return if made_here { Ok(Source::Own(algorithm)) } else { Err(Error::NoKeyFile(algorithm.name())) };
    };
    let file = std::fs::read(path).map_err(|error| Error::KeyFile(error.to_string()))?;
    let key = Key::from_file(algorithm, &file).map_err(|error| Error::KeyFile(error.to_string()))?;
    Ok(Source::Fixed(Arc::new(key)))
}

/// The names of all services, whose health is told.
pub(super) fn services() -> [&'static str; 20] {
    [
        account_service_server::SERVICE_NAME,
        session_service_server::SERVICE_NAME,
        token_service_server::SERVICE_NAME,
        personal_token_service_server::SERVICE_NAME,
        identity_service_server::SERVICE_NAME,
        omikron_service_server::SERVICE_NAME,
        image_service_server::SERVICE_NAME,
        evidence_service_server::SERVICE_NAME,
        network_service_server::SERVICE_NAME,
        target_service_server::SERVICE_NAME,
        operator_service_server::SERVICE_NAME,
        scan_service_server::SERVICE_NAME,
        setting_service_server::SERVICE_NAME,
        config_service_server::SERVICE_NAME,
        schedule_service_server::SERVICE_NAME,
        stats_service_server::SERVICE_NAME,
        alert_service_server::SERVICE_NAME,
        webhook_service_server::SERVICE_NAME,
        task_service_server::SERVICE_NAME,
        audit_service_server::SERVICE_NAME,
    ]
}
