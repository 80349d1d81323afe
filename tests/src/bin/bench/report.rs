//! The figures, their medians and ratios, and the file that keeps them.

use std::{collections::BTreeMap, fs};

use serde_json::{Value, json};

use crate::{client::Served, millis};

/// All measurements, by store and name, in the order in which they were first made.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    single: Vec<(&'static str, &'static str, f64)>,
}

struct Row {
    store: &'static str,
    name: String,
    rounds: Vec<Round>,
}

/// One measurement.
pub(crate) struct Round {
    rate: f64,
    median_ms: Option<f64>,
    /// CPU ms per request, of each process.
    cpu: BTreeMap<&'static str, f64>,
}

impl Round {
    pub(crate) fn of_rate(rate: f64) -> Self {
        Self { rate, median_ms: None, cpu: BTreeMap::new() }
    }

    /// Without CPU costs.
    pub(crate) fn of_load(served: &Served) -> Self {
        Self { rate: served.rate, median_ms: Some(millis(served.median)), cpu: BTreeMap::new() }
    }

    pub(crate) fn of(
        served: &Served,
        before: &BTreeMap<&'static str, f64>,
        after: &BTreeMap<&'static str, f64>,
    ) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a mean is no exact number")]
        let requests = served.requests as f64;
        let used = after.iter().map(|(name, ms)| (*name, (ms - before[name]) / requests)).collect();
        Self { rate: served.rate, median_ms: Some(millis(served.median)), cpu: used }
    }
}

/// The CPU time that each process has used, in ms.
pub(crate) fn cpu(processes: &[(&'static str, u32)]) -> BTreeMap<&'static str, f64> {
    let used = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        // Linux counts in hundredths of a second.
        [fields[11], fields[12]].iter().map(|ticks| ticks.parse::<f64>().unwrap() * 10.0).sum()
    };
    processes.iter().map(|(name, pid)| (*name, used(*pid))).collect()
}

impl Report {
    /// Records a measurement. Round 0 warms up and does not count.
    pub(crate) fn add(&mut self, store: &'static str, round: u64, name: &str, measured: Round) {
        if round == 0 {
            return;
        }
        println!("{store}, round {round}, {name}: {:.0}/s", measured.rate);
        let row = self.rows.iter_mut().find(|row| row.store == store && row.name == name);
        match row {
            Some(row) => row.rounds.push(measured),
            None => self.rows.push(Row { store, name: name.to_owned(), rounds: vec![measured] }),
        }
    }

    pub(crate) fn set(&mut self, store: &'static str, name: &'static str, figure: f64) {
        self.single.push((store, name, figure));
    }

    /// The ratio to the ceiling with the same connections, if that was measured.
    fn ratio(&self, row: &Row) -> Option<f64> {
        Some(row.rate() / self.row(row.store, &format!("raw SQL, {}", row.name))?.rate())
    }

    fn row(&self, store: &str, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.store == store && row.name == name)
    }

    /// Records how many times longer the other buyers wait beside buyers of a hot SKU, if both were measured.
    pub(crate) fn compare_others(&mut self, store: &'static str) {
        let median = |name| self.row(store, name).and_then(Row::median_ms);
        if let (Some(alone), Some(beside)) = (median("others alone, 64"), median("others beside hot, 64")) {
            self.set(store, "others: beside hot to alone", beside / alone);
        }
    }

    pub(crate) fn print(&self) {
        println!(
            "\n{:<18} {:<22} {:>8} {:>6} {:>9}  CPU ms a request",
            "", "medians", "/s", "to raw", "median ms"
        );
        for row in &self.rows {
            let ratio = self.ratio(row).map_or(String::new(), |ratio| format!("{ratio:.2}"));
            let median_ms = row.median_ms().map_or(String::new(), |ms| format!("{ms:.2}"));
            let cpu = row.cpu().into_iter().map(|(name, ms)| format!("{name} {ms:.3}"));
            let cpu = cpu.collect::<Vec<_>>().join(", ");
            println!(
                "{:<18} {:<22} {:>8.0} {ratio:>6} {median_ms:>9}  {cpu}",
                row.store,
                row.name,
                row.rate()
            );
        }
        for (store, name, figure) in &self.single {
            println!("{store:<18} {name:<28} {figure:>8.1}");
        }
    }

    pub(crate) fn write(&self, file: &str) {
        let row = |row: &Row| {
            json!({
                "store": row.store, "name": row.name, "per_second": row.rate(), "to_raw": self.ratio(row),
                "median_ms": row.median_ms(), "cpu_ms": row.cpu(),
                "rounds": row.rounds.iter().map(|round| round.rate).collect::<Vec<_>>(),
            })
        };
        let single = |(store, name, figure): &(&str, &str, f64)| json!({"store": store, "name": name, "figure": figure});
        let all: Vec<Value> = self.rows.iter().map(row).chain(self.single.iter().map(single)).collect();
        fs::write(file, serde_json::to_string_pretty(&all).unwrap()).unwrap();
        println!("written to {file}");
    }
}

impl Row {
    fn rate(&self) -> f64 {
        median(self.rounds.iter().map(|round| round.rate).collect())
    }

    fn median_ms(&self) -> Option<f64> {
        let times: Option<Vec<f64>> = self.rounds.iter().map(|round| round.median_ms).collect();
        times.map(median)
    }

    fn cpu(&self) -> BTreeMap<&'static str, f64> {
        let names = self.rounds.iter().flat_map(|round| round.cpu.keys().copied());
        let of = |name| median(self.rounds.iter().filter_map(|round| round.cpu.get(name).copied()).collect());
        names.map(|name| (name, of(name))).collect()
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
