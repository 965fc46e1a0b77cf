//! The parts of the file on their way out of the database.

use super::archive::{ArchiveWriter, Lines};
use super::contents::{APP, AppPart, COMPONENT, MIGRATIONS, TOTALS, TablePart, Totals};
use crate::cli::progress::Progress;
use crate::storage::schema::Table;
use crate::storage::transfer::host_rows::BlobRow;
use crate::storage::transfer::snapshot::RowReader;
use crate::storage::transfer::{RowHash, Snapshot, json};
use crate::storage::{hex, now_micros};
use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

/// See the module.
pub(super) struct Outgoing {
    snapshot: Snapshot,
    archive: ArchiveWriter,
    totals: Totals,
    progress: Progress,
}

impl Outgoing {
    pub(super) fn new(snapshot: Snapshot, archive: ArchiveWriter) -> Self {
        let progress = Progress::bytes("exporting", None);
        Self { snapshot, archive, totals: Totals::default(), progress }
    }

    pub(super) fn app(&mut self, app: &AppPart, component: &[u8]) -> anyhow::Result<()> {
        self.archive.json(APP, app)?;
        self.archive.part(COMPONENT, component)
    }

    pub(super) async fn migrations(&mut self) -> anyhow::Result<()> {
        let migrations = self.snapshot.host_rows().migrations().await?;
        self.totals.migrations = u64::try_from(migrations.len())?;
        self.archive.json(MIGRATIONS, &migrations)
    }

    /// All descriptions come before all rows: rows may refer to whatever table.
    pub(super) async fn description(&mut self, table: &Table) -> anyhow::Result<()> {
        let identity = table.columns.iter().find(|column| column.identity);
        let last_number = match identity {
            Some(column) => self.snapshot.last_number(&table.name, &column.name).await?,
            None => None,
        };
        let part = TablePart { table: table.clone(), last_number };
        self.archive.json(&format!("tables/{}.json", table.name), &part)
    }

    pub(super) async fn rows(&mut self, table: &Table) -> anyhow::Result<()> {
        let mut reader = RowReader::of(table, self.snapshot.engine());
        let mut lines = Lines::into(&format!("tables/{}", table.name));
        let mut hash = RowHash::default();
        loop {
            let rows = self.snapshot.rows(&mut reader).await?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                let line = json::line(&row);
                hash.add(&line);
                self.progress.advance(line.len());
                lines.add(&mut self.archive, &line)?;
            }
        }
        lines.flush(&mut self.archive)?;
        self.totals.tables.insert(table.name.clone(), hash.written());
        Ok(())
    }

    /// Lists of a few hundred, each followed by the bytes.
    pub(super) async fn blobs(&mut self) -> anyhow::Result<()> {
        let (mut after, mut hash) = (String::new(), RowHash::default());
        let mut lines = Lines::into("blobs");
        loop {
            let blobs = self.snapshot.host_rows().blobs(&after).await?;
            let Some(last) = blobs.last() else { break };
            after = last.id.clone();
            let mut listed = 0;
            for (at, blob) in (1..).zip(&blobs) {
                let line = format!("{}\n", serde_json::to_string(blob)?);
                hash.add(line.as_bytes());
                if lines.add(&mut self.archive, line.as_bytes())? || at == blobs.len() {
                    lines.flush(&mut self.archive)?;
                    for blob in blobs.get(listed..at).unwrap_or_default() {
                        self.blob(blob).await.with_context(|| format!("blob {}", blob.id))?;
                    }
                    listed = at;
                }
            }
        }
        self.totals.blobs = Some(hash.written());
        Ok(())
    }

    async fn blob(&mut self, blob: &BlobRow) -> anyhow::Result<()> {
        self.archive.begin(&format!("blobs/{}", blob.id), blob.size)?;
        let mut hasher = Sha256::new();
        for seq in 0.. {
            let Some(chunk) = self.snapshot.host_rows().chunk(&blob.id, seq).await? else { break };
            hasher.update(&chunk);
            self.archive.write(&chunk)?;
            self.progress.advance(chunk.len());
        }
        if hex(&hasher.finalize()) != blob.sha256 {
            bail!(
                "what the database has is not what was uploaded: its SHA-256 differs; delete it or restore it first"
            );
        }
        self.totals.blob_bytes += blob.size;
        Ok(())
    }

    pub(super) async fn sessions(&mut self) -> anyhow::Result<()> {
        let (mut after, now, mut hash) = (String::new(), now_micros(), RowHash::default());
        let mut lines = Lines::into("sessions");
        loop {
            let sessions = self.snapshot.host_rows().sessions(&after, now).await?;
            let Some(last) = sessions.last() else { break };
            after = last.id_hash.clone();
            for session in &sessions {
                let line = format!("{}\n", serde_json::to_string(session)?);
                hash.add(line.as_bytes());
                self.progress.advance(line.len());
                self.totals.session_values += u64::try_from(session.values.len())?;
                lines.add(&mut self.archive, line.as_bytes())?;
            }
        }
        lines.flush(&mut self.archive)?;
        self.totals.sessions = Some(hash.written());
        Ok(())
    }

    pub(super) async fn finish(mut self) -> anyhow::Result<Totals> {
        self.totals.sha256 = self.archive.sha256();
        self.archive.json(TOTALS, &self.totals)?;
        self.archive.finish().context("cannot write the file")?;
        self.snapshot.end().await?;
        Ok(self.totals)
    }
}
