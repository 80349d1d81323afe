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

/// After this time a buyer counts a request as unanswered. With the limits of the outage tests, an order waits at most
/// 5 s for a writer and a few seconds for the database; if the answer to its commit is lost, the program looks for the
/// order for 5 s.
const PATIENCE: Duration = Duration::from_secs(30);

/// Buyers who order without a pause, until [`Self::stop`].
pub struct Load {
    answers: Answers,
    stop: Arc<AtomicBool>,
    buyers: JoinSet<()>,
}

/// The answers that the buyers got.
#[derive(Clone, Default)]
pub struct Answers(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    /// The orders, each with its buyer's number.
    orders: HashMap<String, i32>,
    codes: BTreeMap<i64, usize>,
    /// Requests without an answer.
    lost: usize,
}

impl Load {
    /// Each buyer orders one piece of the SKU directly, again and again. The buyers are shared out over the programs.
    ///
    /// If a program is killed, the buyer tries again. A code that the contract does not define causes a panic.
    pub fn of_direct_buys(programs: &[&Dashop], buyers: std::ops::Range<i32>, sku_id: i32) -> Self {
        let order = move |buyer: Buyer, user: i32| async move {
            let body = json!({"address_id": user, "settlement_type": 1, "sku_id": sku_id, "buy_num": 1});
            buyer.try_create(body).await
        };
        Self::of(programs, buyers, order)
    }

    /// Each buyer runs `order` again and again. The buyers are shared out over the programs.
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
                            // If no program listens, this loop would be busy.
                            tokio::time::sleep(Duration::from_millis(5)).await;
                        }
                    }
                }
            });
        }
        load
    }

    /// The answers so far.
    pub fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Waits until this many more orders are answered.
    pub async fn orders(&self, more: usize) {
        let enough = self.answers.orders() + more;
        until(&format!("{enough} orders are answered"), async || self.answers.orders() >= enough).await;
    }

    /// Stops when the buyers have their last answers.
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

    /// A copy of the answers so far, which later answers do not change.
    pub fn copy(&self) -> Self {
        let book = self.0.lock().unwrap();
        let Book { orders, codes, lost } = &*book;
        let book = Book { orders: orders.clone(), codes: codes.clone(), lost: *lost };
        Self(Arc::new(Mutex::new(book)))
    }

    /// The number of answered orders.
    pub fn orders(&self) -> usize {
        self.0.lock().unwrap().orders.len()
    }

    /// The number of requests without an answer.
    pub fn lost(&self) -> usize {
        self.0.lock().unwrap().lost
    }

    /// How often each code was answered.
    pub fn codes(&self) -> BTreeMap<i64, usize> {
        self.0.lock().unwrap().codes.clone()
    }

    /// Checks that every answered order is in the database, once, with its buyer, and that none is half written.
    /// Returns their number.
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

    /// Like [`Self::are_stored`], and checks that the stock of the SKU adds up if each order has one piece.
    pub async fn are_kept(&self, database: &mut Database, sku_id: i32, stock: i64) {
        let stored = self.are_stored(database).await;
        let (left, sold, ordered) = database.pieces(sku_id).await;
        assert!(left >= 0, "{left}");
        assert_eq!((left + sold, sold), (stock, ordered), "stock and sales, sales and orders");
        assert_eq!(usize::try_from(ordered).unwrap(), stored);
    }
}
