//! The machine that the program runs on.

use std::path::Path;

use super::{Report, Verdict};
use crate::{configuration::Configuration, server::open_files};

/// With fewer open files, buyers' connections are refused too early.
const FEW_FILES: usize = 4_096;
/// Below this share of free disk space, an operator should act.
const LOW_DISK_PERCENT: u64 = 10;

pub(super) fn surroundings(report: &mut Report, configuration: &Configuration) {
    report.add(Verdict::Ok, "time zone", "Asia/Shanghai, whatever the machine's is");
    files(report, open_files(), configuration.http.connections);
    let directory = &configuration.data_dir;
    if !directory.exists() {
        return report.add(Verdict::Ok, "data directory", "it is made at the first start");
    }
    for name in ["", "jwt_secret", "staff_secret", "dashop.db"] {
        permissions(report, &directory.join(name));
    }
    match rustix::fs::statvfs(directory) {
        Ok(disk) => {
            let percent = disk.f_bavail.saturating_mul(100).checked_div(disk.f_blocks).unwrap_or(100);
            let said = format!("{percent} % of the disk of DASHOP_DATA_DIR are free; make space");
            report.warn_unless(percent >= LOW_DISK_PERCENT, "disk", "there is space", &said);
        }
        Err(error) => report.add(Verdict::Warn, "disk", error.to_string()),
    }
}

pub(super) fn files(report: &mut Report, files: usize, connections: Option<usize>) {
    let said = format!("at most {files} can be open: LimitNOFILE=65536, or ulimit -n");
    report.warn_unless(files >= FEW_FILES, "file limit", "enough files can be open", &said);
    // By default, connections take half of the files.
    let Some(connections) = connections else { return };
    let said = format!(
        "DASHOP_CONNECTIONS is {connections}, and at most {files} files can be open, also for the database and Alipay: \
         lower it to four fifths of them, or raise LimitNOFILE"
    );
    report.warn_unless(connections <= files / 5 * 4, "connections", "files are left beside them", &said);
}

fn permissions(report: &mut Report, path: &Path) {
    use std::os::unix::fs::MetadataExt;
    let Ok(metadata) = path.metadata() else { return };
    let is_private = metadata.mode() & 0o077 == 0;
    if metadata.is_dir() {
        let said = format!("others can look into {}: chmod 700", path.display());
        report.warn_unless(is_private, "permissions", "the data directory is private", &said);
    } else if !is_private {
        let said = format!("others can read {}: chmod 600, and change what is secret", path.display());
        report.add(Verdict::Fail, "permissions", said);
    }
}
