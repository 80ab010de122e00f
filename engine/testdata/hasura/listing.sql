select kind || ' ' || def from (
 select 1 o, c.relname n, 'table' kind, c.relname || ' (' || string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end || coalesce(' default ' || pg_get_expr(ad.adbin, ad.adrelid), ''), ', ' order by a.attnum) || ')' def
 from pg_class c join pg_attribute a on a.attrelid=c.oid and a.attnum>0 and not a.attisdropped left join pg_attrdef ad on ad.adrelid=c.oid and ad.adnum=a.attnum
 where c.relnamespace='hdb_catalog'::regnamespace and c.relkind='r' and c.relname not like 'gatehouse%' group by c.relname
 union all select 2, k.conname, 'constraint', conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = conrelid where connamespace='hdb_catalog'::regnamespace and c.relname not like 'gatehouse%' and contype <> 'n'
 union all select 3, indexrelid::regclass::text, 'index', pg_get_indexdef(indexrelid) from pg_index i join pg_class c on c.oid=i.indrelid where c.relnamespace='hdb_catalog'::regnamespace and c.relname not like 'gatehouse%' and not exists (select from pg_constraint where conindid=indexrelid)
 union all select 4, proname, 'function', proname || '(' || pg_get_function_arguments(oid) || ') returns ' || pg_get_function_result(oid) || ' ' || (select lanname from pg_language l where l.oid=prolang) || ' ' || prosrc from pg_proc where pronamespace='hdb_catalog'::regnamespace
) x order by o, n, def;
