//! One suite a port: what every adapter must do, checked against the adapter itself.
