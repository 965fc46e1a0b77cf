//! Where a version answers its first request. An app that is not registered yet may never be: what
//! is made for it goes again.

use super::compiling::Temporary;
use super::registry::Registry;
use crate::config::{self, DatabaseTarget};
use crate::storage::registry::App;
use crate::storage::{AppSpace, Database, Error};

/// Where an app's things are during one request.
#[derive(Debug)]
pub(super) struct RehearsalSpace {
    pub(super) space: AppSpace,
    made: Made,
}

/// What was made for an app that is not registered.
#[derive(Debug)]
enum Made {
    Nothing,
    /// An empty schema on Postgres.
    Schema,
    /// On SQLite, a folder with a file, removed when it is dropped. The app's own file is made once
    /// the app is registered: one that others have open by then must not be removed.
    Folder(#[expect(dead_code, reason = "it is held until it is dropped")] Temporary),
}

impl Registry {
    /// Makes it if need be. [`Self::leave_rehearsal`] is due afterwards.
    pub(super) async fn rehearsal_space(&self, app: &App) -> Result<RehearsalSpace, Error> {
        let database = self.database();
        if self.has_space_for_good(app).await? {
            return Ok(RehearsalSpace { space: self.space_of(app).await?, made: Made::Nothing });
        }
        if let Database::Postgres(_) = database {
            return Ok(RehearsalSpace { space: database.make_space(&app.name).await?, made: Made::Schema });
        }
        let folder = Temporary::new(&config::temporary_folder());
        let folder = folder.map_err(|error| Error::unavailable(format!("no temporary folder: {error}")))?;
        let target = DatabaseTarget::Sqlite(folder.path().to_owned());
        let database = Database::open_for_apps(self.config(), &target, "the temporary folder")?;
        Ok(RehearsalSpace { space: database.make_space(&app.name).await?, made: Made::Folder(folder) })
    }

    /// Removes what was made. What cannot be removed is an empty schema.
    pub(super) async fn leave_rehearsal(&self, app: &App, space: RehearsalSpace) {
        if matches!(space.made, Made::Schema)
            && let Err(error) = self.database().unmake_space(&app.name).await
        {
            tracing::debug!(app = app.name, "the schema of an app that is not registered stays: {error}");
        }
    }

    async fn has_space_for_good(&self, app: &App) -> Result<bool, Error> {
        let database = self.database();
        if database.find_app(&app.name).await?.is_some() {
            return Ok(true);
        }
        Ok(match database {
            Database::Postgres(_) => database.apps_with_space().await?.contains(&app.name),
            Database::Sqlite(_) => database.space_that_is_there(&app.name).is_some(),
        })
    }
}
