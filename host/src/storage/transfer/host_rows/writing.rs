//! Rows of host tables on their way in.

use super::{BlobRow, MigrationRow, SessionRow, unhex};
use crate::storage::blobs::usage;
use crate::storage::host_sql::host_sql;
use crate::storage::transfer::Intake;
use crate::storage::transfer::incoming::{insert_chunk, whole};
use crate::storage::value::Value;
use crate::storage::{Code, Error, Result};
use sha2::{Digest, Sha256};

impl Intake {
    /// Begins a kept blob, whose chunks follow.
    pub async fn blob(&mut self, blob: &BlobRow) -> Result<()> {
        let sql = host_sql!(
            "insert into innkeeper.blobs (app, id, state, size, sha256, content_type, name, created_at) \
             values ($1, $2, 2, $3, $4, $5, $6, $7)"
        );
        let params = [
            Value::from(self.app.as_str()),
            blob.id.as_str().into(),
            Value::Integer(whole(blob.size)),
            Value::Bytes(bytes(&blob.sha256)?),
            blob.content_type.as_str().into(),
            blob.name.clone().into(),
            Value::Integer(blob.created),
        ];
        // First of all, as everyone does who changes blobs.
        self.write(usage::add_sql(), &[self.app.as_str().into(), Value::Integer(usage::taken_by(blob.size))])
            .await?;
        let source = host_sql!("insert into innkeeper.imported (app, source, blob) values ($1, $2, $3)");
        self.write(sql, &params).await?;
        for name in &blob.sources {
            self.write(source, &[self.app.as_str().into(), name.as_str().into(), blob.id.as_str().into()]).await?;
        }
        Ok(())
    }

    /// One chunk of a blob.
    pub async fn chunk(&mut self, id: &str, seq: i64, data: Vec<u8>) -> Result<()> {
        let params = [self.app.as_str().into(), id.into(), Value::Integer(seq), Value::Bytes(data)];
        self.write(insert_chunk(), &params).await
    }

    /// The SHA-256 of the bytes of a blob as they are now.
    pub async fn blob_hash(&mut self, id: &str) -> Result<Vec<u8>> {
        let sql = host_sql!("select data from innkeeper.chunks where app = $1 and blob = $2 and seq = $3");
        let mut hasher = Sha256::new();
        for seq in 0.. {
            let params = [self.app.as_str().into(), id.into(), Value::Integer(seq)];
            let outcome = self.connection.host(sql, &params).await?;
            let Some(data) = outcome.rows.rows.first().and_then(|row| row.first()?.as_bytes()) else { break };
            hasher.update(data);
        }
        Ok(hasher.finalize().to_vec())
    }

    /// A session with its values.
    pub async fn session(&mut self, session: &SessionRow) -> Result<()> {
        let sql = host_sql!(
            "insert into innkeeper.sessions \
             (app, id_hash, user_name, created_at, used_at, idle_seconds, idle_expires_at, expires_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)"
        );
        let id_hash = Value::Bytes(bytes(&session.id_hash)?);
        let params = [
            self.app.as_str().into(),
            id_hash.clone(),
            session.user.clone().into(),
            Value::Integer(session.created),
            Value::Integer(session.used),
            Value::Integer(session.idle_seconds),
            Value::Integer(session.idle_expires),
            Value::Integer(session.expires),
        ];
        self.write(sql, &params).await?;
        let sql = host_sql!(
            "insert into innkeeper.session_values (app, id_hash, kind, name, value) values ($1, $2, $3, $4, $5)"
        );
        for (kind, name, value) in &session.values {
            let (name, value) = (name.as_str().into(), value.as_str().into());
            self.write(sql, &[self.app.as_str().into(), id_hash.clone(), Value::Integer(*kind), name, value])
                .await?;
        }
        Ok(())
    }

    /// A migration that has been run where the app came from.
    pub async fn migration(&mut self, migration: &MigrationRow) -> Result<()> {
        let sql = host_sql!(
            "insert into innkeeper.app_migrations (app, name, sha256, applied_at) values ($1, $2, $3, $4)"
        );
        let params = [
            self.app.as_str().into(),
            migration.name.as_str().into(),
            Value::Bytes(bytes(&migration.sha256)?),
            Value::Integer(migration.applied),
        ];
        self.write(sql, &params).await
    }
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    unhex(text).ok_or_else(|| Error::new(Code::BadParameter, "a hash is not in hexadecimal digits"))
}
