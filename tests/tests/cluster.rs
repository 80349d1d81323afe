//! Clusters, and a node of them killed under load.
