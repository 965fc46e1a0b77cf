-- When a session ends is said by one column from now on, so that one index finds those of an app that have ended.
update innkeeper_sessions set idle_expires_at = expires_at where idle_expires_at > expires_at;
drop index innkeeper_sessions_by_expiry;
drop index innkeeper_sessions_by_idle_expiry;
create index innkeeper_sessions_by_end on innkeeper_sessions (app, idle_expires_at);
