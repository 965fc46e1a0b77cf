use super::DatabaseArgs;
use clap::Args;
#[derive(Debug, Args)]
pub(super) struct ExportOptions {
    #[command(flatten)]
    database: DatabaseArgs,
}
#[derive(Debug, Args)]
pub(super) struct ImportOptions {
    #[command(flatten)]
    database: DatabaseArgs,
}
pub(super) async fn export(_o: &ExportOptions) -> anyhow::Result<()> {
    Ok(())
}
pub(super) async fn import(_o: &ImportOptions) -> anyhow::Result<()> {
    Ok(())
}
