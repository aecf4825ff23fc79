//! Scans of a server that ends while they are under way, and those of long ago.

use std::{fs, path::Path};

use atalaya_client::Api;
use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{ScanStage, ScanState},
};
use atalaya_tests::{
    Person,
    database::{Backend, Database},
    failure, people,
    process::{Program, Server},
    wait::until,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{ended, get, put, start};

/// A server that may scan this machine, and may be started again.
struct Place {
    folder: TempDir,
    database: Database,
    program: Program,
}

impl Place {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let database = Database::fresh(Backend::Sqlite, folder.path()).await;
        let program = Program::on(folder.path())
            .with("ATALAYA_DATABASE_URL", &database.url)
            .with("ATALAYA_ALLOW_TARGETS", "127.0.0.0/8");
        Self { folder, database, program }
    }

    /// The server, and its operator with a configuration of one port.
    async fn open(&self, port: u16) -> (Server, Person) {
        let server = self.program.start().await.expect("it opens");
        let operator = people::site_operator(&Api::connect(&server.url()).expect("an address")).await;
        let yaml = format!(
            "title: A site\ntcp_ports: \"{port}\"\nsites:\n  - name: Web\n    ips:\n      - address: 127.0.0.1\n        \
             expected: {{tcp_ports: [{port}]}}\n"
        );
        put(&operator, "site", &yaml).await;
        (server, operator)
    }

    fn reports(&self) -> Vec<String> {
        let names =
            |folder: &Path| fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file"));
        names(&self.folder.path().join("reports"))
            .map(|file| file.file_name().into_string().expect("text"))
            .collect()
    }
}

#[tokio::test]
async fn a_scan_under_way_when_the_server_is_killed_is_begun_anew_by_the_next() {
    // It takes connections and says nothing, which takes a scan some seconds.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let place = Place::new().await;
    let port = silent.local_addr().expect("an address").port();
    let (mut server, operator) = place.open(port).await;
    let id = start(&operator, "site").await.expect("a scan").id;
    until("the scan to look at the service", async || {
        let scan = get(&operator, id).await.expect("a scan");
        (scan.progress.expect("progress").stage() == ScanStage::Services).then_some(())
    })
    .await;
    server.kill().await.expect("it ends");
    // Whose process has ended keeps its task for as long as that might not be known.
    place.database.write("UPDATE tasks SET lease_until = 0 WHERE state = 'running'").await;
    let (_again, operator) = place.open(port).await;
    let (scan, sites) = ended(&operator, id).await;
    assert_eq!((scan.state(), scan.error_message.as_str()), (ScanState::Completed, ""));
    assert_eq!(sites[0].hosts[0].ports[0].state, "open");
    let reports = place.reports();
    let is_page = |name: &&String| Path::new(name).extension().is_some_and(|end| end == "html");
    assert_eq!(reports.iter().filter(is_page).count(), 1, "{reports:?}");
}

#[tokio::test]
async fn scans_of_long_ago_go_with_their_files() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = silent.local_addr().expect("an address").port();
    drop(silent);
    let place = Place::new().await;
    let (mut server, operator) = place.open(port).await;
    let (old, _) = ended(&operator, start(&operator, "site").await.expect("a scan").id).await;
    let (new, _) = ended(&operator, start(&operator, "site").await.expect("a scan").id).await;
    assert_eq!(place.reports().len(), 6, "{:?}", place.reports());
    server.kill().await.expect("it ends");
    // 1970 is longer ago than the 90 days that scans are kept by default.
    place.database.write(&format!("UPDATE scans SET end_time = 0 WHERE id = {}", old.id)).await;
    let (_again, operator) = place.open(port).await;
    let gone = until("the old scan to go", async || get(&operator, old.id).await.err()).await;
    assert_eq!(failure(Err::<(), _>(gone)).reason, Some(Reason::ScanNotFound));
    until("its files to go", async || (place.reports().len() == 3).then_some(())).await;
    assert_eq!(get(&operator, new.id).await.expect("a scan").state(), ScanState::Completed);
}
