alter table innkeeper_apps add column database_var text;
