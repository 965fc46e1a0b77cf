//! `innkeeper blobs import`

use super::counts::{Counts, Fate};
use super::files::{self, Found, Pieces, Walk};
use super::map::Map;
use super::web2py::{self, Stored};
use super::{ImportOptions, links, manifest};
use crate::cli::progress::Progress;
use crate::cli::target::Target;
use crate::interfaces::blob_upload;
use crate::storage::transfer::Incoming;
use crate::storage::transfer::imports;
use crate::storage::transfer::incoming::{Label, Link};
use crate::storage::{UnitOfWork, blobs, hex, now_micros};
use anyhow::{Context, bail};
use serde_json::json;
use std::collections::HashSet;

pub(super) struct Import<'a> {
    pub(super) options: &'a ImportOptions,
    pub(super) target: &'a Target,
    pub(super) unit: UnitOfWork,
    pub(super) counts: Counts,
    pub(super) progress: Progress,
    map: Option<Map>,
    /// Tables with their columns of text.
    columns: HashSet<(String, String)>,
}

pub(super) async fn run(options: &ImportOptions, target: &Target) -> anyhow::Result<()> {
    let mut total = 0_u64;
    for found in Walk::of(&options.folder)? {
        total = total.saturating_add(found.map_or(0, |found| found.size));
    }
    // Before anything is written: either may refuse.
    let manifest = manifest::open(&options.folder)?;
    let map = Map::begin(options)?;
    let mut import = Import {
        options,
        target,
        unit: target.unit(),
        counts: Counts::default(),
        progress: Progress::bytes("importing", Some(total)),
        map,
        columns: if options.link { links::text_columns(target).await? } else { HashSet::new() },
    };
    match manifest {
        Some(manifest) => manifest::import(&mut import, manifest).await?,
        None => import.folder().await?,
    }
    import.report()
}

impl Import<'_> {
    async fn folder(&mut self) -> anyhow::Result<()> {
        for found in Walk::of(&self.options.folder)? {
            let result = match found {
                Ok(found) => self.file(&found).await.with_context(|| found.source.clone()),
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                self.fail(&error);
            }
        }
        Ok(())
    }

    pub(super) fn fail(&mut self, error: &anyhow::Error) {
        self.progress.say(format!("failed: {error:#}"));
        self.counts.failed.push(format!("{error:#}"));
    }

    async fn file(&mut self, found: &Found) -> anyhow::Result<()> {
        let last = found.source.rsplit('/').next().unwrap_or_default();
        let stored = web2py::parse(last);
        let name = stored.as_ref().and_then(|stored| stored.original.as_deref()).unwrap_or(last);
        let label = Label {
            content_type: String::new(),
            name: blob_upload::clean_file_name(name),
            created_at: now_micros(),
        };
        let link = stored.as_ref().and_then(|stored| self.link(stored, last));
        let (fate, id, sha256) = self.settle(found, label.clone(), link.as_ref()).await?;
        if stored.as_ref().is_some_and(|stored| stored.original.is_none()) {
            self.counts.undecodable += 1;
            self.progress.say(format!(
                "{}: its original name is lost: it was cut, or may have been; it keeps the one under which it was stored",
                found.source
            ));
        }
        self.count(&fate, found);
        self.note(found, &id, label.name.as_deref(), &sha256, stored.as_ref())
    }

    fn link(&self, stored: &Stored, last: &str) -> Option<Link> {
        let column = (stored.table.to_ascii_lowercase(), stored.field.to_ascii_lowercase());
        self.columns.contains(&column).then(|| Link { table: column.0, column: column.1, stored: last.to_owned() })
    }

    /// What becomes of a file: the blob that it was before, or a new one.
    async fn settle(
        &mut self,
        found: &Found,
        label: Label,
        link: Option<&Link>,
    ) -> anyhow::Result<(Fate, String, Vec<u8>)> {
        let before = imports::find(&mut self.unit, &found.source).await?;
        let fate = match before {
            Some(before) => {
                let (_, sha256) = files::measure(&found.path)?;
                if sha256 == before.sha256 {
                    self.progress.advance(usize::try_from(found.size)?);
                    self.link_again(link, &before.id).await?;
                    return Ok((Fate::There, before.id, sha256));
                }
                Fate::Changed { before: before.id }
            }
            None => Fate::New,
        };
        let id = blobs::new_id()?;
        if self.options.dry_run {
            let (size, sha256) = files::measure(&found.path)?;
            self.check_size(size)?;
            self.progress.advance(usize::try_from(size)?);
            return Ok((fate, id, sha256));
        }
        let sha256 = self.receive(found, &id, label, Some(&found.source), link, None).await?;
        Ok((fate, id, sha256))
    }

    /// Rows may have come since the file was imported.
    async fn link_again(&mut self, link: Option<&Link>, id: &str) -> anyhow::Result<()> {
        let Some(link) = link.filter(|_| !self.options.dry_run) else { return Ok(()) };
        let rows = imports::link(&mut self.unit, link, id).await;
        match rows {
            Ok(rows) => {
                self.unit.commit().await?;
                self.counts.rows_linked += rows;
                Ok(())
            }
            Err(error) => {
                self.unit.rollback().await?;
                Err(error.into())
            }
        }
    }

    /// Makes a kept blob of a file. Where its SHA-256 is known beforehand, it has to be that.
    /// Returns it.
    pub(super) async fn receive(
        &mut self,
        found: &Found,
        id: &str,
        label: Label,
        source: Option<&str>,
        link: Option<&Link>,
        expected: Option<&[u8]>,
    ) -> anyhow::Result<Vec<u8>> {
        self.check_size(found.size)?;
        let most = self.target.config.limits.app_bytes;
        let Some(mut incoming) = Incoming::begin(&self.target.space, id, found.size, most).await? else {
            bail!(
                "the app's files would take up more than {most} bytes (INNKEEPER_APP_BYTES): raise that, or make room with innkeeper blobs sweep"
            );
        };
        match self.fill(&mut incoming, found, label, source, link, expected).await {
            Ok((sha256, rows)) => {
                self.counts.rows_linked += rows;
                Ok(sha256)
            }
            Err(error) => {
                incoming.discard().await;
                Err(error)
            }
        }
    }

    async fn fill(
        &mut self,
        incoming: &mut Incoming,
        found: &Found,
        mut label: Label,
        source: Option<&str>,
        link: Option<&Link>,
        expected: Option<&[u8]>,
    ) -> anyhow::Result<(Vec<u8>, u64)> {
        let mut pieces = Pieces::of(&found.path)?;
        let mut is_first = true;
        loop {
            let piece = pieces.next()?;
            if std::mem::take(&mut is_first) && label.content_type.is_empty() {
                let declared = files::declared_type(label.name.as_deref().unwrap_or_default());
                label.content_type = blob_upload::detect_type(piece, declared);
            }
            if piece.is_empty() {
                break;
            }
            incoming.write(piece).await?;
            self.progress.advance(piece.len());
        }
        let sha256 = incoming.finish().await?;
        if expected.is_some_and(|expected| expected != sha256) {
            bail!("its SHA-256 is not the one in the manifest: the file is damaged");
        }
        let rows = incoming.keep(&sha256, &label, source, link).await?;
        Ok((sha256, rows))
    }

    pub(super) fn check_size(&self, size: u64) -> anyhow::Result<()> {
        let most = self.target.config.limits.file_bytes;
        if size > most {
            bail!("{size} bytes, more than a file may have: {most} (INNKEEPER_FILE_BYTES)");
        }
        Ok(())
    }

    pub(super) fn count(&mut self, fate: &Fate, found: &Found) {
        if let Fate::Changed { before } = fate {
            let text = format!("{}: changed since it was imported; the old blob {before} stays", found.source);
            self.progress.say(text);
        }
        self.counts.add(fate, found.size);
    }

    pub(super) fn note(
        &mut self,
        found: &Found,
        id: &str,
        name: Option<&str>,
        sha256: &[u8],
        stored: Option<&Stored>,
    ) -> anyhow::Result<()> {
        let Some(map) = &mut self.map else { return Ok(()) };
        map.add(&json!({
            "file": found.source,
            "id": id,
            "name": name,
            "size": found.size,
            "sha256": hex(sha256),
            "table": stored.map(|stored| &stored.table),
            "field": stored.map(|stored| &stored.field),
            "stored": stored.and(found.source.rsplit('/').next()),
            "name-lost": stored.map(|stored| stored.original.is_none()),
        }))
    }

    fn report(mut self) -> anyhow::Result<()> {
        if let Some(map) = self.map.take() {
            map.finish()?;
        }
        drop(self.progress);
        self.counts.report(self.options)
    }
}
