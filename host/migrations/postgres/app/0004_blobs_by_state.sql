-- Uploads under way and staged blobs of an app, and its kept ones, are found without reading the others. Making an index keeps writers waiting:
-- large tables get theirs later, while others go on writing (`storage::indexes`).
do $$ begin
    if (select count(*) from (select 1 from innkeeper.blobs limit 10001) part) <= 10000 then
        create index blobs_unkept on innkeeper.blobs (app, state, created_at) where state < 2;
        create index blobs_kept on innkeeper.blobs (app, id) where state = 2;
        drop index innkeeper.blobs_not_kept;
    end if;
    if (select count(*) from (select 1 from innkeeper.used_tickets limit 10001) part) <= 10000 then
        create index used_tickets_by_end on innkeeper.used_tickets (app, until);
    end if;
end $$;
