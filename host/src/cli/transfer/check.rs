//! The look back: whether everything has come, and whether the database has everything that came.

use super::arrival::Arrival;
use super::contents::{TOTALS, Totals};
use super::reading::BROKEN;
use crate::storage::transfer::Written;
use anyhow::bail;

impl Arrival {
    /// Compares what has come with the totals, and what is in the database with what has come.
    pub(super) async fn check(&mut self, totals: &Totals) -> anyhow::Result<()> {
        let come = Totals {
            tables: self
                .tables
                .iter()
                .map(|loaded| (loaded.table.name.clone(), loaded.written.written()))
                .collect(),
            blobs: Some(self.blobs.written()),
            blob_bytes: self.blob_bytes,
            sessions: Some(self.sessions.written()),
            session_values: self.session_values,
            migrations: self.migrations,
            sha256: totals.sha256.clone(),
        };
        if come != *totals || !self.announced.is_empty() {
            bail!("{BROKEN}: what came is not what {} counts", TOTALS);
        }
        for loaded in &self.tables {
            self.intake.join(&loaded.table, loaded.last_number).await?;
        }
        for loaded in &self.tables {
            if self.intake.sum(&loaded.table).await? != loaded.kept {
                bail!("table {}: the database does not have the rows of the file", loaded.table.name);
            }
        }
        self.check_counts().await
    }

    async fn check_counts(&mut self) -> anyhow::Result<()> {
        let rows = |written: Written| i64::try_from(written.rows).unwrap_or(i64::MAX);
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let expected = [
            rows(self.blobs.written()),
            rows(self.sessions.written()),
            count(self.session_values),
            count(self.migrations),
        ];
        let mut names: Vec<&str> = self.tables.iter().map(|loaded| loaded.table.name.as_str()).collect();
        names.sort_unstable();
        let mut there = self.intake.table_names().await?;
        there.sort_unstable();
        if there != names {
            bail!("the database has other tables of the app than the file");
        }
        if self.intake.counts().await? != expected {
            bail!("the database does not have the files, sessions or migrations of the file");
        }
        Ok(())
    }
}
