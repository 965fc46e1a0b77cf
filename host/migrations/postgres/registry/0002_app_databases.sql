alter table innkeeper.apps add column database_var text;
