//! What an import has done so far.

use super::ImportOptions;
use crate::cli::output;
use anyhow::bail;

/// See the module.
#[derive(Debug, Default, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Counts {
    imported: u64,
    already_there: u64,
    /// Files whose contents are others than before: their blobs are new, the old ones are still
    /// there.
    changed: u64,
    /// Names of web2py that cannot be decoded.
    pub(super) undecodable: u64,
    pub(super) rows_linked: u64,
    bytes: u64,
    /// Each with its reason.
    pub(super) failed: Vec<String>,
}

/// What became of a file.
pub(super) enum Fate {
    New,
    There,
    Changed { before: String },
}

impl Counts {
    /// Counts a file in.
    pub(super) fn add(&mut self, fate: &Fate, size: u64) {
        let (count, bytes) = match fate {
            Fate::New => (&mut self.imported, size),
            Fate::There => (&mut self.already_there, 0),
            Fate::Changed { .. } => (&mut self.changed, size),
        };
        *count += 1;
        self.bytes += bytes;
    }

    /// Tells all, and fails if any file has.
    pub(super) fn report(&self, options: &ImportOptions) -> anyhow::Result<()> {
        if options.json {
            output::json(self)?;
        } else {
            self.tell(options);
        }
        match self.failed.len() {
            0 => Ok(()),
            failed => bail!(
                "{failed} files have not been imported; the reasons are above, and what has been imported stays"
            ),
        }
    }

    fn tell(&self, options: &ImportOptions) {
        let Self { imported, already_there, changed, undecodable, rows_linked, bytes, failed } = self;
        let would = if options.dry_run { "would be " } else { "" };
        let failed = failed.len();
        output::line(format!(
            "{would}imported {imported}, already there {already_there}, changed {changed}, failed {failed} ({bytes} bytes)"
        ));
        if *undecodable > 0 {
            output::line(format!("{undecodable} names of web2py were cut and keep their stored form"));
        }
        if options.link {
            output::line(format!("{rows_linked} rows linked"));
        }
    }
}
