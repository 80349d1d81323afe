use super::*;

#[test]
fn none_is_printed() {
    let hash = PasswordHash("$argon2id$".to_owned());
    let stored = StoredPassword { md5: "e10adc".to_owned(), hash: Some(hash.clone()) };
    let shown = format!("{:?} {hash:?} {stored:?}", Password("123456".to_owned()));
    assert_eq!(shown, "(hidden) (hidden) (hidden)");
}
