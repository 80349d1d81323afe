use super::*;
use crate::PasswordHash;

fn stored(md5: &str, hash: Option<&str>) -> StoredPassword {
    StoredPassword { md5: md5.to_owned(), hash: hash.map(|hash| PasswordHash(hash.to_owned())) }
}

fn caller(mark: Option<PasswordMark>) -> Caller {
    Caller { username: Username("demo".to_owned()), mark }
}

fn key() -> MarkKey {
    MarkKey::new(b"a secret of the tests")
}

#[test]
fn whoever_is_not_active_is_unknown() {
    let password = stored("md5", None);
    for caller in [caller(None), caller(Some(key().mark(&password))), caller(Some(key().read("x".into())))] {
        assert_eq!(caller.admitted(false, &password), Err(NotAdmitted::UnknownUser));
    }
}

#[test]
fn a_token_without_a_mark_does_not_tell() {
    assert_eq!(caller(None).admitted(true, &stored("md5", Some("hash"))), Ok(()));
}

#[test]
fn a_mark_is_good_until_either_of_what_is_stored_changes() {
    let marked = |password| caller(Some(key().mark(&password)));
    let hashed = marked(stored("md5", Some("hash")));
    assert_eq!(hashed.admitted(true, &stored("md5", Some("hash"))), Ok(()));
    for other in [
        stored("md5", Some("another")),
        stored("another", Some("hash")),
        stored("md5", None),
        stored("", Some("hash")),
        stored("md5hash", Some("")),
    ] {
        assert_eq!(hashed.admitted(true, &other), Err(NotAdmitted::PasswordChanged), "{other:?}");
    }
}

#[test]
fn the_first_sign_in_ends_no_token() {
    let before = caller(Some(key().mark(&stored("md5", None))));
    assert_eq!(before.admitted(true, &stored("md5", None)), Ok(()));
    assert_eq!(before.admitted(true, &stored("md5", Some("hash"))), Ok(()));
    for changed in [stored("another", None), stored("another", Some("hash"))] {
        assert_eq!(before.admitted(true, &changed), Err(NotAdmitted::PasswordChanged));
    }
}

#[test]
fn another_secret_makes_other_marks_and_nothing_is_printed() {
    let password = stored("e10adc3949ba59abbe56e057f20f883e", None);
    let mark = key().mark(&password);
    assert_eq!(mark.as_str().len(), 32);
    assert_ne!(mark.as_str(), MarkKey::new(b"another").mark(&password).as_str());
    assert!(!format!("{:?}", caller(Some(mark.clone()))).contains(mark.as_str()));
}
