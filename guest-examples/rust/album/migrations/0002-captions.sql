alter table photos add column caption text not null default '';
