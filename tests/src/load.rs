use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{Buyer, Dashop, Database, until};

/// After this a buyer takes a request for unanswered. With the limits that the tests of outages set, an order waits for
/// a writer at most 5 s, for the database a few, and where the answer to its commit is lost, it is looked for for 5 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// Buyers who order without a pause, until they are told to stop.
pub struct Load {
    answers: Answers,
    stop: Arc<AtomicBool>,
    buyers: JoinSet<()>,
}

/// What the buyers were answered.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    /// The orders, and whose they are.
    orders: HashMap<String, i32>,
    codes: BTreeMap<i64, usize>,
    /// Requests without an answer.
    lost: usize,
}

impl Load {
    /// Each buyer orders one piece of the SKU, directly, again and again, at the program of their turn.
    ///
    /// They accept that a program is killed, and try again; an answer that the contract does not know makes them panic.
    pub fn of_direct_buys(programs: &[&Dashop], buyers: std::ops::Range<i32>, sku_id: i32) -> Self {
        let order = move |buyer: Buyer, user: i32| async move {
            let body = json!({"address_id": user, "settlement_type": 1, "sku_id": sku_id, "buy_num": 1});
            buyer.try_create(body).await
        };
        Self::of(programs, buyers, order)
    }

    /// Each buyer does this again and again, at the program of their turn.
    pub fn of<Order, Answer>(programs: &[&Dashop], buyers: std::ops::Range<i32>, order: Order) -> Self
    where
        Order: Fn(Buyer, i32) -> Answer + Clone + Send + 'static,
        Answer: Future<Output = Result<Value, reqwest::Error>> + Send,
    {
        let mut load = Self { answers: Answers::default(), stop: Arc::default(), buyers: JoinSet::new() };
        for (user, program) in buyers.zip(programs.iter().cycle()) {
            let buyer = program.buyer(&format!("b{user}")).with_patience(PATIENCE);
            let (answers, stop, order) = (load.answers.clone(), Arc::clone(&load.stop), order.clone());
            load.buyers.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    match order(buyer.clone(), user).await {
                        Ok(answer) => answers.note(user, &answer),
                        Err(_) => {
                            answers.note_lost();
                            // Where nobody listens, it would be a busy loop.
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    }
                }
            });
        }
        load
    }

    /// What was answered so far.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Waits until so many more orders were answered.
    pub async fn orders(&self, more: usize) {
        let enough = self.answers.orders() + more;
        until(&format!("{enough} orders are answered"), async || self.answers.orders() >= enough).await;
    }

    /// Lets the buyers get their last answers.
    pub async fn stop(mut self) -> Answers {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(buyer) = self.buyers.join_next().await {
            buyer.unwrap();
        }
        self.answers
    }
}

impl Answers {
    fn note(&self, user: i32, answer: &Value) {
        let code = answer["code"].as_i64().unwrap_or_else(|| panic!("no code: {answer}"));
        let mut book = self.0.lock().unwrap();
        *book.codes.entry(code).or_default() += 1;
        if code == 200 {
            let number = answer["data"]["order_id"].as_str().unwrap().to_owned();
            assert!(book.orders.insert(number, user).is_none(), "a number was given twice: {answer}");
        }
    }

    fn note_lost(&self) {
        self.0.lock().unwrap().lost += 1;
    }

    /// What was answered up to now, which what comes later does not change.
    pub fn copy(&self) -> Self {
        let book = self.0.lock().unwrap();
        let Book { orders, codes, lost } = &*book;
        let book = Book { orders: orders.clone(), codes: codes.clone(), lost: *lost };
        Self(Arc::new(Mutex::new(book)))
    }

    /// How many orders were answered.
    pub fn orders(&self) -> usize {
        self.0.lock().unwrap().orders.len()
    }

    /// How many requests had no answer.
    pub fn lost(&self) -> usize {
        self.0.lock().unwrap().lost
    }

    /// How often each code was answered.
    pub fn codes(&self) -> BTreeMap<i64, usize> {
        self.0.lock().unwrap().codes.clone()
    }

    /// Every answered order is in the database, once, with its buyer, and none is half written. Says how many there are.
    pub async fn are_stored(&self, database: &mut Database) -> usize {
        let rows = database.words("SELECT CONCAT(order_id, ' ', user_id) AS n FROM tb_order_info").await;
        let mut stored: HashMap<&str, i32> = HashMap::new();
        for row in &rows {
            let (number, user) = row.split_once(' ').unwrap();
            assert!(stored.insert(number, user.parse().unwrap()).is_none());
        }
        for (number, user) in &self.0.lock().unwrap().orders {
            assert_eq!(stored.get(number.as_str()), Some(user), "order {number} was answered");
        }
        assert_eq!(database.half_written_orders().await, 0);
        stored.len()
    }

    /// The same, and the stock of the SKU, of which each order has one piece, adds up.
    pub async fn are_kept(&self, database: &mut Database, sku_id: i32, stock: i64) {
        let stored = self.are_stored(database).await;
        let (left, sold, ordered) = database.pieces(sku_id).await;
        assert!(left >= 0, "{left}");
        assert_eq!((left + sold, sold), (stock, ordered), "stock and sales, sales and orders");
        assert_eq!(usize::try_from(ordered).unwrap(), stored);
    }
}
