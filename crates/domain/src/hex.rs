/// The first half of a SHA-256, as 32 hexadecimal digits.
pub(crate) fn half_in_hex(digest: &[u8]) -> String {
    digest.first_chunk().map(|half| format!("{:032x}", u128::from_be_bytes(*half))).unwrap_or_default()
}
