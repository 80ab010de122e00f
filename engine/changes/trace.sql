-- What a query reads in the end, when it names the relations $1.$2 and calls the functions $3.$4 (schemas and names). Each
-- row is a table whose changes are decoded, or says why the result may change without one.
with recursive
given as materialized (
  select 'pg_catalog.pg_class'::regclass as kind, c.oid, g.schema, g.name
  from unnest($1::text[], $2::text[]) as g (schema, name)
  left join (pg_catalog.pg_namespace n join pg_catalog.pg_class c on c.relnamespace = n.oid) on n.nspname = g.schema and c.relname = g.name
  union all
  select 'pg_catalog.pg_proc'::regclass, p.oid, g.schema, g.name
  from unnest($3::text[], $4::text[]) as g (schema, name)
  left join (pg_catalog.pg_namespace n join pg_catalog.pg_proc p on p.pronamespace = n.oid) on n.nspname = g.schema and p.proname = g.name),

-- Every relation, rule, policy and function that is reached.
reached (kind, oid) as (
  select kind::oid, oid from given where oid is not null
  union
  select next.kind, next.oid
  from reached r
  cross join lateral (
    -- a view reads what its rule depends on, a table is hidden by its policies
    select 'pg_catalog.pg_rewrite'::regclass::oid, w.oid from pg_catalog.pg_rewrite w
    where r.kind = 'pg_catalog.pg_class'::regclass and w.ev_class = r.oid and w.ev_type = '1'
    union all
    select 'pg_catalog.pg_policy'::regclass::oid, p.oid from pg_catalog.pg_policy p
    where r.kind = 'pg_catalog.pg_class'::regclass and p.polrelid = r.oid and p.polcmd in ('*', 'r')
    union all
    -- partitions and children
    select r.kind, i.inhrelid from pg_catalog.pg_inherits i
    where r.kind = 'pg_catalog.pg_class'::regclass and i.inhparent = r.oid
    union all
    select d.refclassid, d.refobjid from pg_catalog.pg_depend d
    where r.kind <> 'pg_catalog.pg_class'::regclass and d.classid = r.kind and d.objid = r.oid
      and d.refclassid in ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass)
    union all
    -- a user's operator calls its function
    select 'pg_catalog.pg_proc'::regclass::oid, o.oprcode::oid from pg_catalog.pg_depend d
    join pg_catalog.pg_operator o on o.oid = d.refobjid
    where r.kind <> 'pg_catalog.pg_class'::regclass and d.classid = r.kind and d.objid = r.oid and d.refclassid = 'pg_catalog.pg_operator'::regclass
  ) as next (kind, oid)),

relations as materialized (
  select n.nspname, c.relname, c.relkind, c.relpersistence
  from reached r join pg_catalog.pg_class c on c.oid = r.oid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where r.kind = 'pg_catalog.pg_class'::regclass),

functions as materialized (
  select p.oid, p.proname, p.provolatile, p.prokind, to_jsonb(p) ->> 'prosqlbody' as body, p.proargdefaults::text as defaults
  from reached r join pg_catalog.pg_proc p on p.oid = r.oid
  where r.kind = 'pg_catalog.pg_proc'::regclass),

-- The expressions that are evaluated, as Postgres keeps them.
trees (place, tree) as materialized (
  select 'a default of function ' || proname, defaults from functions where defaults is not null
  union all
  select 'view ' || w.ev_class::regclass::text, w.ev_action::text
  from reached r join pg_catalog.pg_rewrite w on w.oid = r.oid
  where r.kind = 'pg_catalog.pg_rewrite'::regclass
  union all
  select 'policy ' || p.polname, p.polqual::text
  from reached r join pg_catalog.pg_policy p on p.oid = r.oid
  where r.kind = 'pg_catalog.pg_policy'::regclass and p.polqual is not null
  union all
  select 'function ' || proname, body from functions where body is not null),

-- What they call: dependencies on what comes with Postgres are not kept.
calls as materialized (
  select distinct t.place, m[1]::oid as oid
  from trees t, regexp_matches(t.tree, ':(?:funcid|opfuncid|hashfuncid|aggfnoid|winfnoid|elemfuncid) ([0-9]+)', 'g') as m
  where m[1] <> '0'),

-- Stable functions that depend on settings of the session only, which are the same each time.
steady (name) as (values
  ('concat'), ('concat_ws'), ('format'), ('textanycat'), ('anytextcat'), ('array_to_string'), ('to_char'), ('to_date'), ('to_number'),
  ('date_part'), ('extract'), ('date_trunc'), ('timezone'), ('to_timestamp'), ('make_timestamptz'), ('overlaps'), ('generate_series'),
  ('json_build_object'), ('json_build_array'), ('jsonb_build_object'), ('jsonb_build_array'), ('to_json'), ('to_jsonb'), ('row_to_json'),
  ('array_to_json'), ('json_object'), ('jsonb_object'), ('json_agg'), ('json_object_agg'), ('jsonb_agg'), ('jsonb_object_agg'),
  ('json_agg_transfn'), ('json_object_agg_transfn'), ('jsonb_agg_transfn'), ('jsonb_object_agg_transfn'),
  ('to_tsvector'), ('to_tsquery'), ('plainto_tsquery'), ('phraseto_tsquery'), ('websearch_to_tsquery'), ('ts_headline'),
  ('timestamptz_pl_interval'), ('timestamptz_mi_interval'), ('interval_pl_timestamptz'), ('date'), ('time'), ('timetz'), ('timestamp'),
  ('timestamptz'), ('date_eq_timestamptz'), ('date_ne_timestamptz'), ('date_lt_timestamptz'), ('date_le_timestamptz'),
  ('date_gt_timestamptz'), ('date_ge_timestamptz'), ('date_cmp_timestamptz'), ('timestamptz_eq_date'), ('timestamptz_ne_date'),
  ('timestamptz_lt_date'), ('timestamptz_le_date'), ('timestamptz_gt_date'), ('timestamptz_ge_date'), ('timestamptz_cmp_date'),
  ('timestamp_eq_timestamptz'), ('timestamp_ne_timestamptz'), ('timestamp_lt_timestamptz'), ('timestamp_le_timestamptz'),
  ('timestamp_gt_timestamptz'), ('timestamp_ge_timestamptz'), ('timestamp_cmp_timestamptz'), ('timestamptz_eq_timestamp'),
  ('timestamptz_ne_timestamp'), ('timestamptz_lt_timestamp'), ('timestamptz_le_timestamp'), ('timestamptz_gt_timestamp'),
  ('timestamptz_ge_timestamp'), ('timestamptz_cmp_timestamp'))

select n.nspname::text, n.relname::text, '' from relations n
where n.relkind in ('r', 'p') and n.relpersistence = 'p' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select '', '', format('there is no %s.%s', schema, name) from given where oid is null
union all
select '', '', format('%s.%s is %s, whose changes are not decoded', n.nspname, n.relname, case
    when n.nspname ~ '^pg_' or n.nspname = 'information_schema' then 'part of the catalogue'
    when n.relpersistence = 'u' then 'unlogged'
    when n.relpersistence = 't' then 'temporary'
    when n.relkind = 'm' then 'a materialized view'
    when n.relkind = 'f' then 'a foreign table'
    else 'no table' end)
from relations n
where n.relkind not in ('r', 'p', 'v') or n.relkind <> 'v' and n.relpersistence <> 'p' or n.nspname ~ '^pg_' or n.nspname = 'information_schema'
union all
select '', '', format('function %s is not immutable, and its body is not known to the catalogue', f.proname) from functions f
where f.provolatile <> 'i' and (f.body is null or f.provolatile = 'v')
  and not (f.oid < 16384 and f.proname in (select name from steady))
union all
select '', '', format('%s calls %s, which is not immutable', c.place, p.proname)
from calls c join pg_catalog.pg_proc p on p.oid = c.oid
where p.provolatile <> 'i' and p.oid < 16384 and p.proname not in (select name from steady)
union all
-- the time and the date; a text cast to one may say "now"; a sequence; a sample
select '', '', format('%s depends on the time', t.place) from trees t
where t.tree ~ 'SQLVALUEFUNCTION :op [0-8] '
   or t.tree ~ 'COERCEVIAIO' and exists (
        select from regexp_matches(t.tree, ':resulttype ([0-9]+)', 'g') as m join pg_catalog.pg_type y on y.oid = m[1]::oid
        left join pg_catalog.pg_type e on e.oid = y.typelem
        where y.typcategory in ('D', 'R') or e.typcategory in ('D', 'R'))
union all
select '', '', format('%s gives other rows each time', t.place) from trees t
where t.tree ~ 'NEXTVALUEEXPR|TABLESAMPLECLAUSE'
