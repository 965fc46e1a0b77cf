//! Rows by what they sum up to: in their order for the file, in whatever order for a table.

use super::json;
use crate::storage::hex;
use crate::storage::value::Value;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The SHA-256 of lines in their order, and how many they are.
#[derive(Debug, Default)]
pub struct RowHash {
    hasher: Sha256,
    rows: u64,
}

/// As it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// How many lines.
    pub rows: u64,
    /// Of all lines in their order.
    pub sha256: String,
}

impl RowHash {
    /// Counts a line in.
    pub fn add(&mut self, line: &[u8]) {
        self.hasher.update(line);
        self.rows += 1;
    }

    /// What has been counted.
    pub fn written(&self) -> Written {
        Written { rows: self.rows, sha256: hex(&self.hasher.clone().finalize()) }
    }
}

/// The sum of the hashes of rows: the same for the same rows in another order, since tables have
/// none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowSum {
    /// How many.
    pub rows: u64,
    sum: u128,
}

impl RowSum {
    /// Counts a row in.
    pub fn add(&mut self, row: &[Value]) {
        self.add_line(&json::line(row));
    }

    /// Counts a line in.
    pub fn add_line(&mut self, line: &[u8]) {
        let digest = Sha256::digest(line);
        let first = digest.first_chunk::<16>().map_or(0, |bytes| u128::from_be_bytes(*bytes));
        self.sum = self.sum.wrapping_add(first);
        self.rows += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_knows_rows_and_not_their_order() {
        let sum = |numbers: &[i64]| {
            let mut sum = RowSum::default();
            numbers.iter().for_each(|number| sum.add(&[Value::Integer(*number)]));
            sum
        };
        assert_eq!(sum(&[1, 2, 2]), sum(&[2, 1, 2]));
        assert_ne!(sum(&[1, 2, 2]), sum(&[1, 1, 2]));
        assert_ne!(sum(&[1]), sum(&[1, 1]));
    }
}
