-- When a session ends is said by one column from now on, so that one index finds those of an app that have ended.
update innkeeper.sessions set idle_expires_at = expires_at where idle_expires_at > expires_at;
drop index innkeeper.sessions_by_expiry;
drop index innkeeper.sessions_by_idle_expiry;
create index sessions_by_end on innkeeper.sessions (app, idle_expires_at);
