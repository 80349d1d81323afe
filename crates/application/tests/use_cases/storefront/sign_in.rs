//! Sign-ins and lockouts.

use super::*;

#[tokio::test]
async fn a_token_lives_as_long_as_configured() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[(4, 1, true)])));
    let signed_in = shop.sign_in().execute(&right()).await.unwrap();
    let token_until = noon().after(Duration::from_secs(3600));
    assert_eq!(signed_in, SignedIn { cart_lines: 1, token_until, password: stored() });
}

/// The answer to a wrong password.
async fn wrong(sign_in: &SignIn, name: &str, address: &str) -> SignInError {
    sign_in.execute(&attempt(name, "wrong", address)).await.unwrap_err()
}

#[tokio::test]
async fn whoever_guesses_locks_out_themselves_alone() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    let sign_in = shop.sign_in();
    let name = &username().0;
    for _ in 0..2 {
        assert!(matches!(wrong(&sign_in, name, "10.0.0.9").await, SignInError::Wrong));
    }
    let guessed = sign_in.execute(&attempt(name, RIGHT, "10.0.0.9")).await;
    assert!(matches!(guessed, Err(SignInError::LockedOut)), "the right one too, from there");
    assert!(sign_in.execute(&right()).await.is_ok(), "the buyer, elsewhere");
    assert!(matches!(wrong(&sign_in, "another", "10.0.0.9").await, SignInError::Wrong), "another name");
    assert!(
        matches!(wrong(&sign_in, name, "::ffff:10.0.0.9").await, SignInError::LockedOut),
        "the same address"
    );
}

#[tokio::test]
async fn a_name_bears_more_from_many_addresses_but_not_everything() {
    let sign_in = Shop::with_user().sign_in_under(SignInRules { failures_per_name: 6, ..RULES });
    for host in [1, 1, 2, 2, 3, 3] {
        assert!(matches!(wrong(&sign_in, "a", &format!("10.0.0.{host}")).await, SignInError::Wrong));
    }
    for address in ["10.0.0.4", ""] {
        assert!(matches!(wrong(&sign_in, "a", address).await, SignInError::LockedOut));
    }
    assert!(matches!(wrong(&sign_in, "b", "10.0.0.4").await, SignInError::Wrong));
}

/// One password, tried with one name after the other.
#[tokio::test]
async fn an_address_is_counted_whoever_is_named_unless_that_is_not_wanted() {
    let counting =
        |most| Shop::with_user().sign_in_under(SignInRules { failures_per_address: most, ..RULES });
    let sign_in = counting(None);
    for name in 0..300 {
        assert!(matches!(wrong(&sign_in, &name.to_string(), "10.0.0.1").await, SignInError::Wrong));
    }
    let sign_in = counting(Some(5));
    for name in 0..5 {
        assert!(matches!(wrong(&sign_in, &name.to_string(), "10.0.0.1").await, SignInError::Wrong));
    }
    assert!(matches!(wrong(&sign_in, "x", "10.0.0.1").await, SignInError::LockedOut));
    assert!(matches!(wrong(&sign_in, "x", "10.0.0.2").await, SignInError::Wrong));
}

/// Failures are remembered for a limited number of names; an address without attempts left does not displace others.
#[tokio::test]
async fn an_address_that_is_locked_out_makes_nothing_be_forgotten() {
    let sign_in = Shop::with_user().sign_in_under(SignInRules { failures_per_address: Some(3), ..RULES });
    for name in 0..3 {
        wrong(&sign_in, &name.to_string(), "10.0.0.1").await;
    }
    for _ in 0..2 {
        assert!(matches!(wrong(&sign_in, "x", "10.0.0.2").await, SignInError::Wrong));
    }
    for name in 0..20_000 {
        assert!(matches!(
            wrong(&sign_in, &format!("made up {name}"), "10.0.0.1").await,
            SignInError::LockedOut
        ));
    }
    assert!(matches!(wrong(&sign_in, "x", "10.0.0.2").await, SignInError::LockedOut));
}

#[tokio::test]
async fn a_network_of_the_sixth_version_is_one_address() {
    let sign_in = Shop::with_user().sign_in();
    for host in 0..2 {
        assert!(matches!(wrong(&sign_in, "x", &format!("2001:db8:1:2::{host}")).await, SignInError::Wrong));
    }
    assert!(matches!(wrong(&sign_in, "x", "2001:db8:1:2:ffff::1").await, SignInError::LockedOut));
    assert!(matches!(wrong(&sign_in, "x", "2001:db8:1:3::1").await, SignInError::Wrong));
}

/// Password checks that let other tasks run in between.
struct Slow {
    is_right: bool,
    tried: AtomicU32,
}

#[async_trait]
impl Passwords for Slow {
    fn is_md5(&self, _password: &Password, _md5: &str) -> bool {
        false
    }

    async fn verify(&self, _password: &Password, _hash: Option<PasswordHash>) -> Result<bool, PasswordError> {
        self.tried.fetch_add(1, Ordering::Relaxed);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        Ok(self.is_right)
    }

    async fn hash(&self, _password: &Password) -> Result<PasswordHash, PasswordError> {
        Err(PasswordError::Busy)
    }
}

/// The answers to all these attempts at the same moment, and the number of checked passwords.
async fn at_once(
    is_right: bool,
    rules: SignInRules,
    requests: Vec<SignInRequest>,
) -> (Vec<Result<SignedIn, SignInError>>, u32) {
    let mut shop = Shop::with_user();
    shop.credentials = MockCredentials::new();
    shop.credentials
        .expect_credential()
        .returning(|_| Ok(Some(Credential { user_id: USER, is_active: true, password: stored() })));
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    let (cart, credentials, _) = shop.cart();
    let passwords = Arc::new(Slow { is_right, tried: AtomicU32::new(0) });
    let ports = SignInPorts {
        credentials: Arc::new(credentials),
        passwords: Arc::clone(&passwords) as _,
        shopping: Arc::new(cart),
        clock: Arc::new(clock()),
    };
    let sign_in = SignIn::new(ports, rules);
    let ends = join_all(requests.iter().map(|request| sign_in.execute(request))).await;
    (ends, passwords.tried.load(Ordering::Relaxed))
}

/// Attempts in progress do not count as failures.
#[tokio::test]
async fn right_ones_at_the_same_moment_are_all_let_in() {
    let same_name = (0..20).map(|_| attempt("a", RIGHT, "10.0.0.1"));
    let others = (0..200).map(|name| attempt(&name.to_string(), RIGHT, "10.0.0.1"));
    let rules = SignInRules { failures_per_address: Some(2), ..RULES };
    let (ends, tried) = at_once(true, rules, same_name.chain(others).collect()).await;
    assert!(ends.iter().all(Result::is_ok), "{ends:?}");
    assert_eq!(tried, 220);
}

/// The limit holds however many attempts are sent before the first one has failed.
#[tokio::test]
async fn guesses_at_the_same_moment_are_no_more_than_those_one_after_the_other() {
    let (ends, tried) = at_once(false, RULES, vec![attempt("a", "wrong", "10.0.0.1"); 50]).await;
    assert_eq!(tried, 2);
    assert_eq!(ends.iter().filter(|end| matches!(end, Err(SignInError::LockedOut))).count(), 48);
}

#[tokio::test]
async fn the_right_password_forgives_the_wrong_ones_before() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    let sign_in = shop.sign_in();
    for _ in 0..5 {
        assert!(matches!(wrong(&sign_in, &username().0, "10.0.0.1").await, SignInError::Wrong));
        assert!(sign_in.execute(&right()).await.is_ok());
    }
}

/// The shop's clock may have been a day ahead when the attempts failed.
#[tokio::test]
async fn a_lock_ends_whatever_the_clock_says() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Ok(cart(&[])));
    let day = Duration::from_secs(24 * 3600);
    let mut times = vec![noon().after(day); 2];
    let mut clock = MockClock::new();
    clock.expect_now().returning(move || times.pop().unwrap_or_else(noon));
    let sign_in =
        shop.sign_in_at(clock, SignInRules { window: Duration::from_millis(1), failures: 1, ..RULES });
    assert!(matches!(wrong(&sign_in, &username().0, "10.0.0.1").await, SignInError::Wrong));
    while let Err(error) = sign_in.execute(&right()).await {
        assert!(matches!(error, SignInError::LockedOut), "{error:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_database_that_fails_locks_nobody_out() {
    let mut shop = Shop::default();
    shop.credentials.expect_credential().times(9).returning(|_| Err(store_down()));
    let sign_in = shop.sign_in();
    for _ in 0..9 {
        assert!(matches!(sign_in.execute(&right()).await, Err(SignInError::Store(_))));
    }
    let mut shop = Shop::default();
    shop.credentials.expect_credential().returning(|_| Ok(None));
    shop.passwords.expect_verify().times(9).returning(|_, _| Err(PasswordError::Busy));
    let sign_in = shop.sign_in();
    for _ in 0..9 {
        assert!(matches!(sign_in.execute(&right()).await, Err(SignInError::Passwords(PasswordError::Busy))));
    }
}

#[tokio::test]
async fn whoever_cannot_keep_their_offline_cart_is_not_signed_in() {
    let mut shop = Shop::with_user();
    shop.carts.expect_load().returning(|_| Err(carts_down()));
    let offline_cart = vec![OfflineLine { sku_id: SkuId(4), count: 3 }];
    let sign_in = shop.sign_in();
    let refused = sign_in.execute(&SignInRequest { offline_cart, ..right() }).await;
    assert!(matches!(refused, Err(SignInError::Cart(ShoppingError::Carts(_)))));
    // Nothing is kept, and nothing is lost.
    assert!(sign_in.execute(&right()).await.is_ok());
}
