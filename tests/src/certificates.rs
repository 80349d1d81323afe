use std::{
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// The files of a certificate authority and of a server certificate that it issued.
pub struct Certificates(TempDir);

impl Certificates {
    /// Makes them for a server of this name, such as `DNS:db.example` or `IP:127.0.0.1`.
    pub fn of(name: &str) -> Self {
        let certificates = Self(tempfile::tempdir().unwrap());
        std::fs::write(certificates.0.path().join("names"), format!("subjectAltName={name}\n")).unwrap();
        let new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let authority =
            ["req", "-x509", "-days", "2", "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem"];
        let request = ["req", "-subj", "/CN=server", "-keyout", "server.key", "-out", "server.csr"];
        certificates.openssl(&[&authority[..], &new_key].concat());
        certificates.openssl(&[&request[..], &new_key].concat());
        certificates.openssl(&[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-extfile",
            "names",
            "-out",
            "server.pem",
        ]);
        certificates
    }

    /// The authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }

    /// The server's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.0.path().join("server.pem")
    }

    /// The server's key.
    pub fn key(&self) -> PathBuf {
        self.0.path().join("server.key")
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.directory()).output().unwrap();
        assert!(output.status.success(), "openssl {arguments:?}: {output:?}");
    }

    fn directory(&self) -> &Path {
        self.0.path()
    }
}
