//! A key file is made once, guarded, and rotated while others use it.

use std::{fs, os::unix::fs::PermissionsExt, time::UNIX_EPOCH};

use super::{ring::Ring, *};
use crate::db::testing;

const PLACE: Place<'static> = Place { table: "server_keys", column: "value", row: "session" };

/// How many rotate at once.
const ROTATIONS: usize = 8;

fn elsewhere(row: &'static str) -> Place<'static> {
    Place { row, ..PLACE }
}

#[test]
fn a_sealed_text_opens_in_its_place_only() {
    let folder = tempfile::tempdir().unwrap();
    let ring = Ring::make(&folder.path().join("key")).unwrap();
    let sealed = ring.seal(&PLACE.bound(), b"a secret").unwrap();
    assert!(!sealed.contains("a secret"));
    assert_eq!(ring.open(&PLACE.bound(), &sealed).as_deref(), Some(&b"a secret"[..]));
    assert_eq!(ring.open(&elsewhere("refresh").bound(), &sealed), None);
    assert_ne!(ring.seal(&PLACE.bound(), b"a secret").unwrap(), sealed, "never twice the same");
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(ring.open(&PLACE.bound(), &String::from_utf8(changed).unwrap()), None, "{at}");
    }
    for garbage in ["", "s1", "s1..", "s1.00000000.", "plain text", "s2.00000000.AAAA"] {
        assert_eq!(ring.open(&PLACE.bound(), garbage), None);
    }
}

#[test]
fn whoever_makes_the_file_at_once_gets_the_same_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    let names: Vec<_> = std::thread::scope(|scope| {
        let makers: Vec<_> = (0..8).map(|_| scope.spawn(|| Ring::make(&file).unwrap())).collect();
        makers.into_iter().map(|maker| maker.join().unwrap().sealing_key().to_owned()).collect()
    });
    assert!(names.iter().all(|name| *name == names[0]), "{names:?}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft stays behind");
}

#[test]
fn a_file_that_others_may_read_or_that_is_damaged_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    Ring::make(&file).unwrap();
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(Ring::read(&file), Err(FileError::Exposed(_))), "{mode:o}");
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let good = fs::read_to_string(&file).unwrap();
    for (text, line) in [(String::new(), 1), ("x y\n".into(), 1), (format!("{good}00000000 AAAA\n"), 2)] {
        fs::write(&file, &text).unwrap();
        assert!(matches!(Ring::read(&file), Err(FileError::Damaged(_, at)) if at == line), "{text:?}");
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(Ring::read(&file), Err(FileError::Missing(_))));
}

#[tokio::test]
async fn without_its_key_file_a_database_that_holds_secrets_is_not_opened() {
    for scratch in testing::each().await {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let secrets = Secrets::open(&file, &scratch.db).await.unwrap();
        let key = secrets.server_key(&scratch.db, "session", UNIX_EPOCH).await.unwrap();
        assert_eq!(secrets.server_key(&scratch.db, "session", UNIX_EPOCH).await.unwrap(), key);
        let another = folder.path().join("another");
        let missing = Secrets::open(&another, &scratch.db).await.unwrap_err();
        assert!(matches!(missing, Error::File(FileError::Missing(_))), "{missing}");
        assert!(!another.exists(), "no new file");
        Ring::make(&another).unwrap();
        let foreign = Secrets::open(&another, &scratch.db).await.unwrap_err();
        assert!(matches!(foreign, Error::Unopened("server_keys")), "{foreign}");
    }
}

#[tokio::test]
async fn a_rotation_seals_everything_anew_while_others_go_on() {
    for scratch in testing::each().await {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let running = Secrets::open(&file, &scratch.db).await.unwrap();
        let key = running.server_key(&scratch.db, "session", UNIX_EPOCH).await.unwrap();
        let before = running.seal(PLACE, b"sealed before").unwrap();

        let command = Secrets::open(&file, &scratch.db).await.unwrap();
        let rotated = command.rotate(&scratch.db, UNIX_EPOCH).await.unwrap();
        assert_eq!(rotated.texts, 1);
        let uses = command.list(&scratch.db).await.unwrap();
        let told: Vec<_> = uses.iter().map(|key| (key.seals, key.texts)).collect();
        assert_eq!((told, &uses[0].key), (vec![(true, 1), (false, 0)], &rotated.key));

        assert_eq!(running.server_key(&scratch.db, "session", UNIX_EPOCH).await.unwrap(), key);
        assert_eq!(command.unseal(PLACE, &before).unwrap(), b"sealed before");
        assert!(!format!("{running:?}").contains(&key));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rotations_at_once_take_turns_and_lose_no_key() {
    for scratch in testing::each().await {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        let secrets = Secrets::open(&file, &scratch.db).await.unwrap();
        let key = secrets.server_key(&scratch.db, "session", UNIX_EPOCH).await.unwrap();
        let mut commands = tokio::task::JoinSet::new();
        for _ in 0..ROTATIONS {
            // Each with a pool of its own, as processes have.
            let (file, db) = (file.clone(), Db::open(&scratch.url).await.unwrap());
            let command = Secrets::open(&file, &db).await.unwrap();
            commands.spawn(async move { command.rotate(&db, UNIX_EPOCH).await.map(|rotated| rotated.texts) });
        }
        while let Some(rotated) = commands.join_next().await {
            assert_eq!(rotated.unwrap().unwrap(), 1);
        }
        let again = Secrets::open(&file, &scratch.db).await.unwrap();
        assert_eq!(again.server_key(&scratch.db, "session", UNIX_EPOCH).await.unwrap(), key);
        assert_eq!(again.list(&scratch.db).await.unwrap().len(), ROTATIONS + 1);
    }
}
