//! Large numbers of rows, estimated from the first of them in the order of a random key: ids of
//! blobs and hashes of sessions lie evenly in their range. Where the first `n` take up a share of
//! the range, there are about `n / share` rows, and the error is about one in the root of `n`.

/// Rows that are looked at, as the statements say too; as many as this and more are estimated,
/// within about two in a hundred.
pub(super) const MOST: i64 = 5_000;

/// The share of all keys that are not behind this one.
pub(super) fn share(key: &[u8]) -> f64 {
    let digit = |sum: f64, byte: &u8| (sum + f64::from(*byte)) / 256.0;
    key.iter().take(8).rev().fold(1.0, digit)
}

/// How many rows there are if so many lie in a share of the keys.
#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "an estimate")]
pub(super) fn whole(seen: i64, share: f64) -> i64 {
    (seen as f64 / share.max(f64::EPSILON)).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_where_a_key_lies() {
        assert!((share(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]) - 0.5).abs() < 1e-9);
        assert!((share(&[0xff; 32]) - 1.0).abs() < 1e-9);
        assert!((share(&[0x40]) - 0.253_906_25).abs() < 1e-9, "up to the end of what begins with it");
    }

    #[test]
    fn the_whole_is_found_from_a_share() {
        let key = |number: u64| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let mut keys: Vec<_> = (1..=1_000_000).map(key).collect();
        keys.sort_unstable();
        let estimate = whole(5_000, share(&keys[4_999]));
        assert!((980_000..1_020_000).contains(&estimate), "{estimate}");
        assert_eq!(whole(0, 0.5), 0);
    }
}
