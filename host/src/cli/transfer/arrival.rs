//! The parts of the file on their way into the database. See `check` for the look back at all of
//! them.

use super::contents::{MIGRATIONS, TablePart, part_name};
use super::reading::{BROKEN, Part};
use crate::cli::blobs::{is_clean, is_id};
use crate::cli::progress::Progress;
use crate::storage::blobs::CHUNK_BYTES;
use crate::storage::schema::Table;
use crate::storage::transfer::host_rows::{BlobRow, MigrationRow, SessionRow};
use crate::storage::transfer::{Intake, RowHash, RowSum, json};
use crate::storage::{AppSpace, hex};
use anyhow::{Context, bail};
use std::collections::HashMap;

/// Bytes of rows that are put in together.
const BATCH: usize = 1 << 20;

/// Blobs of one list. An export lists 500.
const MOST_LISTED: usize = 1000;

/// A table that has been made, with what has been put into it.
pub(super) struct Loaded {
    pub(super) table: Table,
    pub(super) last_number: Option<i64>,
    pub(super) written: RowHash,
    pub(super) kept: RowSum,
    pub(super) parts: u32,
}

/// What the rows of host tables sum up to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HostSums {
    pub(super) blobs: RowSum,
    pub(super) sessions: RowSum,
    pub(super) migrations: RowSum,
}

/// See the module.
pub(super) struct Arrival {
    pub(super) intake: Intake,
    pub(super) tables: Vec<Loaded>,
    /// Blobs that have been listed and not come yet.
    pub(super) announced: HashMap<String, BlobRow>,
    pub(super) blobs: RowHash,
    pub(super) kept: HostSums,
    pub(super) blob_bytes: u64,
    pub(super) blob_parts: u32,
    pub(super) sessions: RowHash,
    pub(super) session_values: u64,
    pub(super) session_parts: u32,
    pub(super) migrations: u64,
    pub(super) changed: u64,
    pub(super) progress: Progress,
}

impl Arrival {
    pub(super) async fn begin(space: &AppSpace, only_compares: bool, progress: Progress) -> anyhow::Result<Self> {
        Ok(Self {
            intake: Intake::begin(space, only_compares).await?,
            tables: Vec::new(),
            announced: HashMap::new(),
            blobs: RowHash::default(),
            kept: HostSums::default(),
            blob_bytes: 0,
            blob_parts: 0,
            sessions: RowHash::default(),
            session_values: 0,
            session_parts: 0,
            migrations: 0,
            changed: 0,
            progress,
        })
    }

    /// Values that are kept otherwise than they came.
    pub(super) fn changed(&self) -> u64 {
        self.changed
    }

    /// Takes one part, whichever it is.
    pub(super) async fn take(&mut self, part: Part<'_>) -> anyhow::Result<()> {
        let path = part.path.clone();
        let size = usize::try_from(part.size)?;
        let taken = match path.split('/').collect::<Vec<_>>().as_slice() {
            [MIGRATIONS] => self.migrations(part).await,
            ["tables", file] if file.ends_with(".json") => self.table(part).await,
            ["tables", name, _] => self.rows(part, name).await,
            ["blobs", list] if list.ends_with(".ndjson") => self.blob_list(part).await,
            ["blobs", id] => self.blob(part, id).await,
            ["sessions", _] => self.sessions(part).await,
            _ => bail!("{BROKEN}: {path} is no part of one"),
        };
        self.progress.advance(size);
        taken.with_context(|| path)
    }

    async fn migrations(&mut self, mut part: Part<'_>) -> anyhow::Result<()> {
        let migrations: Vec<MigrationRow> = part.json()?;
        for migration in &migrations {
            self.intake.migration(migration).await?;
            self.kept.migrations.add_line(&serde_json::to_vec(migration)?);
            self.migrations += 1;
        }
        Ok(())
    }

    async fn table(&mut self, mut part: Part<'_>) -> anyhow::Result<()> {
        let TablePart { table, last_number } = part.json()?;
        if part.path != format!("tables/{}.json", table.name) {
            bail!(BROKEN);
        }
        self.intake.define(&table).await?;
        self.tables.push(Loaded {
            table,
            last_number,
            written: RowHash::default(),
            kept: RowSum::default(),
            parts: 0,
        });
        Ok(())
    }

    /// Rows of a table that has been made.
    async fn rows(&mut self, part: Part<'_>, name: &str) -> anyhow::Result<()> {
        let loaded = self.tables.iter_mut().find(|loaded| loaded.table.name == name).context(BROKEN)?;
        loaded.parts += 1;
        if part.path != part_name(&format!("tables/{name}"), loaded.parts) {
            bail!("{BROKEN}: a part is missing or not in its place");
        }
        let mut lines = part.into_lines()?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        loop {
            let line = lines.next()?;
            if let Some(line) = &line {
                loaded.written.add(line);
                bytes += line.len();
                rows.push(json::row(line, loaded.table.columns.len()).context(BROKEN)?);
            }
            if bytes >= BATCH || line.is_none() {
                let batch = std::mem::take(&mut rows);
                self.changed += self.intake.insert(&loaded.table, batch, &mut loaded.kept).await?;
                bytes = 0;
            }
            if line.is_none() {
                return Ok(());
            }
        }
    }

    async fn blob_list(&mut self, part: Part<'_>) -> anyhow::Result<()> {
        self.blob_parts += 1;
        if part.path != part_name("blobs", self.blob_parts) || !self.announced.is_empty() {
            bail!("{BROKEN}: a part is missing or not in its place");
        }
        let mut lines = part.into_lines()?;
        while let Some(line) = lines.next()? {
            self.blobs.add(&line);
            let blob = serde_json::from_slice::<BlobRow>(&line).context(BROKEN)?.in_order();
            self.announced.insert(blob.id.clone(), blob);
            if self.announced.len() > MOST_LISTED {
                bail!("{BROKEN}: it lists more files than an export does at once");
            }
        }
        Ok(())
    }

    async fn blob(&mut self, mut part: Part<'_>, id: &str) -> anyhow::Result<()> {
        let blob = self.announced.remove(id).context("a blob that no list has announced")?;
        let is_clean = is_id(id) && is_clean(blob.name.as_deref(), &blob.content_type);
        if part.size != blob.size || !is_clean {
            bail!(BROKEN);
        }
        self.intake.blob(&blob).await?;
        self.kept.blobs.add_line(&serde_json::to_vec(&blob)?);
        for seq in 0.. {
            let chunk = part.piece(CHUNK_BYTES)?;
            if chunk.is_empty() {
                break;
            }
            self.intake.chunk(id, seq, chunk).await?;
        }
        self.blob_bytes += blob.size;
        // Read again at once, from the database: what counts is what is there.
        if hex(&self.intake.blob_hash(id).await?) != blob.sha256 {
            bail!("its SHA-256 is another one: the file is damaged, or the database");
        }
        Ok(())
    }

    async fn sessions(&mut self, part: Part<'_>) -> anyhow::Result<()> {
        self.session_parts += 1;
        if part.path != part_name("sessions", self.session_parts) {
            bail!("{BROKEN}: a part is missing or not in its place");
        }
        let mut lines = part.into_lines()?;
        while let Some(line) = lines.next()? {
            self.sessions.add(&line);
            let session = serde_json::from_slice::<SessionRow>(&line).context(BROKEN)?.as_kept();
            self.kept.sessions.add_line(&serde_json::to_vec(&session)?);
            self.session_values += u64::try_from(session.values.len())?;
            self.intake.session(&session).await?;
        }
        Ok(())
    }

    pub(super) async fn commit(self) -> crate::storage::Result<()> {
        self.intake.commit().await
    }

    pub(super) async fn give_up(self) {
        self.intake.give_up().await;
    }
}
