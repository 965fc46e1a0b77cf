//! The look back: whether everything has come, and whether the database has everything that came.

use super::arrival::{Arrival, HostSums};
use super::contents::{TOTALS, Totals};
use super::reading::BROKEN;
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
        self.check_tables().await?;
        let there = self.sums_there().await?;
        for (what, there, kept) in [
            ("files", there.blobs, self.kept.blobs),
            ("sessions", there.sessions, self.kept.sessions),
            ("migrations", there.migrations, self.kept.migrations),
        ] {
            if there != kept {
                bail!("the database does not have the {what} of the file");
            }
        }
        Ok(())
    }

    async fn check_tables(&mut self) -> anyhow::Result<()> {
        let mut names: Vec<&str> = self.tables.iter().map(|loaded| loaded.table.name.as_str()).collect();
        names.sort_unstable();
        let mut there = self.intake.table_names().await?;
        there.sort_unstable();
        if there != names {
            bail!("the database has other tables of the app than the file");
        }
        Ok(())
    }

    /// Of the host tables, as they are now. The bytes of the blobs have been read again as each
    /// came.
    async fn sums_there(&mut self) -> anyhow::Result<HostSums> {
        let (mut sums, mut rows) = (HostSums::default(), self.intake.host_rows());
        let mut after = String::new();
        loop {
            let blobs = rows.blobs(&after).await?;
            let Some(last) = blobs.last() else { break };
            after = last.id.clone();
            for blob in &blobs {
                sums.blobs.add_line(&serde_json::to_vec(blob)?);
            }
        }
        after.clear();
        loop {
            // Also those that have ended since.
            let sessions = rows.sessions(&after, i64::MIN).await?;
            let Some(last) = sessions.last() else { break };
            after = last.id_hash.clone();
            for session in &sessions {
                sums.sessions.add_line(&serde_json::to_vec(session)?);
            }
        }
        for migration in rows.migrations().await? {
            sums.migrations.add_line(&serde_json::to_vec(&migration)?);
        }
        Ok(sums)
    }
}
