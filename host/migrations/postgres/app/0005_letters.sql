-- lower() and upper() change all letters from now on. Indexes over them stay as they are: see `storage::folded_indexes`.
select 1;
