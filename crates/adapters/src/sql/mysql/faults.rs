//! Classifies the errors of MySQL and MariaDB.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use crate::sql::{
    failure::{Fault, fault_by_words},
    obstacle::Obstacle,
};

/// Classifies by the error kind that the driver derives from the number (1062, 1792 and others), otherwise by the
/// message, because `diesel_async` drops the number. Each session has English messages, which match the texts below.
pub(super) fn classify(error: &DieselError) -> Fault {
    match error {
        DieselError::DatabaseError(DatabaseErrorKind::Unknown, _) => {}
        DieselError::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _) => {
            return Fault::Blocked(Obstacle::ReadOnly);
        }
        DieselError::DatabaseError(
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
            _,
        )
        | DieselError::BrokenTransactionManager => return Fault::Lost,
        _ => return Fault::Refused,
    }
    fault_by_words(error, &FAULTS)
}

const FAULTS: [(Fault, &[&str]); 6] = [
    // Errors 1290 and 1836.
    (Fault::Blocked(Obstacle::ReadOnly), &["read-only", "read only"]),
    // 1665 and 1598.
    (Fault::Blocked(Obstacle::BinaryLog), &["impossible to write to binary log"]),
    // 1114, 1021, 1030 and 1026.
    (Fault::Blocked(Obstacle::NoSpace), &["' is full", "Disk full", "No space left on device"]),
    // 1213, 1205, 1020, the message of a cluster for 1213, 1615 (the table of a prepared statement was changed), and
    // 3101 (another member of a replication group has changed the same rows, and the commit was rolled back).
    (
        Fault::Locked,
        &[
            "Deadlock found",
            "Lock wait timeout exceeded",
            "Record has changed since last read",
            "WSREP detected deadlock",
            "Prepared statement needs to be re-prepared",
            "Plugin instructed the server to rollback the current transaction",
        ],
    ),
    // 1969 of MariaDB, 3024 of MySQL, and 1317 (the statement was killed).
    (Fault::TimedOut, &["max_statement_time exceeded", "Query execution was interrupted"]),
    // Messages of the driver, and of a server that shuts down or has left its cluster. The last one is 3100, of a
    // member that leaves its replication group: it is not known whether the other members have the transaction.
    (
        Fault::Lost,
        &[
            "Input/output error",
            "Driver error",
            "Connection was killed",
            "Server shutdown in progress",
            "Normal shutdown",
            "WSREP has not yet prepared",
            "Lost connection to backend server",
            "Error on observer while running replication hook",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of MySQL 8.0's and MariaDB 10.11's error references, with their numbers.
    #[test]
    fn an_error_is_told_by_its_message() {
        for (number, text, fault) in [
            (1205, "Lock wait timeout exceeded; try restarting transaction", Fault::Locked),
            (1213, "Deadlock found when trying to get lock; try restarting transaction", Fault::Locked),
            (3101, "Plugin instructed the server to rollback the current transaction.", Fault::Locked),
            (3100, "Error on observer while running replication hook 'before_commit'.", Fault::Lost),
            (1053, "Server shutdown in progress", Fault::Lost),
            (
                3024,
                "Query execution was interrupted, maximum statement execution time exceeded",
                Fault::TimedOut,
            ),
            (
                1290,
                "The MySQL server is running with the --super-read-only option so it cannot execute this statement",
                Fault::Blocked(Obstacle::ReadOnly),
            ),
            (1114, "The table 'tb_order_info' is full", Fault::Blocked(Obstacle::NoSpace)),
            (1146, "Table 'shop.tb_order_info' doesn't exist", Fault::Refused),
        ] {
            let message = Box::new(text.to_owned());
            let error = DieselError::DatabaseError(DatabaseErrorKind::Unknown, message);
            assert_eq!(classify(&error), fault, "{number}");
        }
    }
}
