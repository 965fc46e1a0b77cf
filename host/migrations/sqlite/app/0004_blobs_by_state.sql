-- Uploads under way and staged blobs of an app, and its kept ones, are found without reading the others. On Postgres, where others go on writing
-- meanwhile, large tables get these indexes later: see `storage::indexes`.
create index innkeeper_blobs_unkept on innkeeper_blobs (app, state, created_at) where state < 2;
create index innkeeper_blobs_kept on innkeeper_blobs (app, id) where state = 2;
create index innkeeper_used_tickets_by_end on innkeeper_used_tickets (app, until);
drop index innkeeper_blobs_not_kept;
