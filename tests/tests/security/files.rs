//! Files that the program creates are accessible only to its user.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
    path::{Path, PathBuf},
};

use tests::Setup;

/// All files below the directory, with the rights of other users.
fn rights_of_others(directory: &Path) -> Vec<(PathBuf, u32)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::metadata(&path).unwrap();
        if metadata.is_dir() {
            found.extend(rights_of_others(&path));
        } else {
            found.push((path, metadata.mode() & 0o077));
        }
    }
    found
}

/// A shop with a data directory that the operator created before, and a database elsewhere.
fn prepared() -> (Setup, PathBuf) {
    let setup = Setup::embedded().with("DASHOP_JWT_SECRET", "").with("DASHOP_STAFF_SECRET", "");
    let data = setup.directory().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    (setup, data)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_that_is_made_is_its_owners_alone() {
    let (setup, data) = prepared();
    let elsewhere = setup.directory().join("elsewhere/shop.db");
    let setup = setup.with("DASHOP_DATABASE_URL", &format!("sqlite:{}", elsewhere.display()));
    let dashop = setup.start().await;
    let made = [rights_of_others(&data), rights_of_others(elsewhere.parent().unwrap())].concat();
    let names: Vec<_> = made.iter().map(|(path, _)| path.file_name().unwrap().to_str().unwrap()).collect();
    for expected in
        ["jwt_secret", "staff_secret", "app_private_key.pem", "shop.db", "shop.db-wal", "shop.db-shm"]
    {
        assert!(names.contains(&expected), "{expected}: {names:?}");
    }
    for (path, others) in &made {
        assert_eq!(*others, 0, "{}", path.display());
    }
    dashop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_an_earlier_version_left_open_is_closed() {
    let (setup, data) = prepared();
    let database = data.join("dashop.db");
    let setup = setup.with("DASHOP_DATABASE_URL", "");
    let setup = setup.start().await.stop().await;
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).unwrap();
    let dashop = setup.start().await;
    assert_eq!(fs::metadata(&database).unwrap().mode() & 0o777, 0o600);
    assert!(dashop.log().contains("could be read by others"), "{}", dashop.log());
}

#[test]
fn a_secret_that_is_a_link_or_open_to_others_is_refused() {
    let (setup, data) = prepared();
    let refused = |file: &Path, why: &str| {
        let output = setup.run(&["serve"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(&file.display().to_string()) && said.contains(why), "{said}");
    };
    let (jwt, staff) = (data.join("jwt_secret"), data.join("staff_secret"));
    for command in [&["seed-demo"][..], &["token", "demo"], &["token", "--staff", "店长"]] {
        assert!(setup.run(command).status.success(), "{command:?}");
    }
    for secret in [&jwt, &staff] {
        fs::set_permissions(secret, fs::Permissions::from_mode(0o640)).unwrap();
        refused(Path::new(secret.file_name().unwrap()), "others can read or change it (mode 640)");
        fs::set_permissions(secret, fs::Permissions::from_mode(0o600)).unwrap();
        let moved = secret.with_extension("moved");
        fs::rename(secret, &moved).unwrap();
        symlink(&moved, secret).unwrap();
        refused(Path::new(secret.file_name().unwrap()), "it is a link");
        fs::remove_file(secret).unwrap();
        fs::rename(&moved, secret).unwrap();
    }
}
