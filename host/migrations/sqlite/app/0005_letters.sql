-- lower() and upper() change all letters from now on. Indexes over them are made anew by the host: see `storage::folded_indexes`.
select 1;
