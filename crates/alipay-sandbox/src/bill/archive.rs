use std::io::{Cursor, Write as _};

use alipay_protocol::Charset;
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// The archive cannot be created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the archive cannot be made")]
pub(crate) struct CannotPack;

/// Packs the files with names in GBK, as Alipay does.
pub(super) fn zip(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, CannotPack> {
    let names: Vec<_> = files
        .iter()
        .map(|(name, _)| Charset::Gb18030.encode(name))
        .collect::<Option<_>>()
        .ok_or(CannotPack)?;
    let placeholders: Vec<_> =
        names.iter().enumerate().map(|(nth, name)| placeholder(nth, name.len())).collect();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (placeholder, (_, content)) in placeholders.iter().zip(files) {
        archive.start_file(placeholder.as_str(), options).map_err(|_| CannotPack)?;
        archive.write_all(content).map_err(|_| CannotPack)?;
    }
    let mut bytes = archive.finish().map_err(|_| CannotPack)?.into_inner();
    for (placeholder, name) in placeholders.iter().zip(&names) {
        replace(&mut bytes, placeholder.as_bytes(), name);
    }
    Ok(bytes)
}

/// A temporary name of `bytes` bytes. The library writes only UTF-8 names, so the files get temporary names first. The
/// rest of the archive does not depend on the bytes of a name.
fn placeholder(nth: usize, bytes: usize) -> String {
    format!("{nth:_>bytes$}")
}

/// Replaces every `old` by `new`, which is equally long. `old` is too unusual to occur in compressed text.
fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let places: Vec<_> =
        bytes.windows(old.len()).enumerate().filter(|(_, window)| *window == old).map(|(at, _)| at).collect();
    for at in places {
        if let Some(place) = bytes.get_mut(at..at + old.len()) {
            place.copy_from_slice(new);
        }
    }
}
