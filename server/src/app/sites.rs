//! Scans of sites, put together from settings.

use std::{path::PathBuf, sync::Arc};

use super::Error;
use crate::{
    auth::{Origin, Visitor, password::Hasher},
    clock::SharedClock,
    config::Settings,
    db::Db,
    network::{World, targets},
    scans::{
        self, alerts, configs,
        deliveries::{Log, Sender, courier::Courier},
        operator,
        probe::fingerprints::Fingerprints,
        schedules,
        service::Folders,
        settings,
        site_config::files::Folder,
        stats, webhooks,
        worker::Crew,
    },
    secrets::Secrets,
    tasks, users,
};

/// Fingerprints that can't be used of which the log tells.
const MAX_PROBLEMS: usize = 20;

/// All that scans sites.
#[derive(Clone)]
pub struct Sites {
    /// Their operator.
    pub operator: operator::Service,
    /// Their settings.
    pub settings: settings::Service,
    /// Stored configurations.
    pub configs: configs::Service,
    /// The scans.
    pub scans: scans::Service,
    /// Their schedules.
    pub schedules: schedules::Service,
    /// Their figures.
    pub stats: stats::Service,
    /// What people are told of them.
    pub alerts: alerts::Service,
    /// Where they are told it.
    pub webhooks: webhooks::Service,
    /// Whoever tells them.
    pub courier: Courier,
    prints: Arc<Fingerprints>,
}

/// The operator of site scans, with a first password if the settings say one.
pub(super) async fn operator(
    set: &Settings,
    db: &Db,
    clock: &SharedClock,
    hasher: &Hasher,
) -> Result<operator::Service, Error> {
    let limited = set.rate_limits.is_on();
    let operator = operator::Service::new(db.clone(), Arc::clone(clock), hasher.clone(), limited);
    if let Some(password) = &set.sites.scan_password {
        let nobody = Visitor { caller: None, origin: Origin::NONE };
        match operator.set_up(nobody, &password.0).await {
            Ok(()) | Err(operator::Error::Exists) => {}
            Err(error) => return Err(Error::Operator(error)),
        }
    }
    if !operator.is_set_up().await.map_err(Error::Operator)? {
        tracing::warn!("site scans have no operator yet: open /auth/setup, or set ATALAYA_SCAN_PASSWORD");
    }
    Ok(operator)
}

impl Sites {
    /// In a queue.
    pub(super) fn open(
        set: &Settings,
        db: &Db,
        clock: &SharedClock,
        secrets: &Secrets,
        queue: &tasks::Queue,
        operator: operator::Service,
        sender: Sender,
    ) -> Result<Self, Error> {
        let within = |named: &Option<PathBuf>, name: &str| {
            let path = named.clone().unwrap_or_else(|| set.data_dir.join(name));
            std::path::absolute(path).map_err(Error::SiteFolders)
        };
        let configs_dir = within(&set.sites.scan_config_dir, "configs")?;
        let output = within(&set.sites.scan_output_dir, "reports")?;
        std::fs::create_dir_all(&output).map_err(Error::SiteFolders)?;
        let folders = Folders { configs: Folder::open(&configs_dir).map_err(Error::SiteFolders)?, output };
        let settings =
            settings::Service::new(db.clone(), Arc::clone(clock), secrets.clone(), operator.clone());
        let configs = configs::Service::new(db.clone(), Arc::clone(clock));
        let scans =
            scans::Service::new(db.clone(), Arc::clone(clock), queue.clone(), configs.clone(), folders);
        let schedules =
            schedules::Service::new(db.clone(), Arc::clone(clock), configs.clone(), scans.clone());
        let stats = stats::Service::new(db.clone(), Arc::clone(clock), scans.clone(), schedules.clone());
        let log = Log::new(db.clone(), Arc::clone(clock));
        let alerts = alerts::Service::new(db.clone(), Arc::clone(clock), settings.clone(), log.clone());
        let webhooks = webhooks::Service::new(
            db.clone(),
            Arc::clone(clock),
            secrets.clone(),
            sender.clone(),
            log.clone(),
        );
        let courier = Courier {
            log,
            sender,
            webhooks: webhooks.clone(),
            settings: settings.clone(),
            alerts: alerts.clone(),
            clock: Arc::clone(clock),
        };
        let prints = Arc::new(fingerprints(set)?);
        Ok(Self { operator, settings, configs, scans, schedules, stats, alerts, webhooks, courier, prints })
    }

    /// Whoever does the scans.
    pub(super) fn crew(
        &self,
        accounts: users::Service,
        targets: targets::Service,
        world: Arc<dyn World>,
    ) -> Crew {
        let (scans, settings, alerts) = (self.scans.clone(), self.settings.clone(), self.alerts.clone());
        let (schedules, prints) = (self.schedules.clone(), Arc::clone(&self.prints));
        Crew { scans, schedules, settings, alerts, accounts, targets, world, prints }
    }
}

/// By what services are known: our own fingerprints, and the operator's behind them.
fn fingerprints(set: &Settings) -> Result<Fingerprints, Error> {
    let Some(folder) = &set.sites.recog_dir else { return Ok(Fingerprints::builtin()) };
    let prints = Fingerprints::with_folder(folder).map_err(Error::Fingerprints)?;
    for problem in prints.problems().iter().take(MAX_PROBLEMS) {
        tracing::warn!("a fingerprint can't be used: {problem}");
    }
    Ok(prints)
}
