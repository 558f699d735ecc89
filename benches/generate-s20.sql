-- The bench's database, about 481 MB: pgbench's tables at scale 20, and a wide table with six indexes.
-- The same bytes on every run: no random numbers, no clock.

create table pgbench_branches (bid integer not null, bbalance integer, filler char(88));
create table pgbench_tellers (tid integer not null, bid integer, tbalance integer, filler char(84));
create table pgbench_accounts (aid integer not null, bid integer, abalance integer, filler char(84));
create table pgbench_history (tid integer, bid integer, aid integer, delta integer, mtime timestamp, filler char(22));

insert into pgbench_branches select n, 0, null from generate_series(1, 20) as n;
insert into pgbench_tellers select n, (n - 1) / 10 + 1, 0, null from generate_series(1, 200) as n;
insert into pgbench_accounts select n, (n - 1) / 100000 + 1, 0, '' from generate_series(1, 2000000) as n;

alter table pgbench_branches add primary key (bid);
alter table pgbench_tellers add primary key (tid);
alter table pgbench_accounts add primary key (aid);

create table events (
    id          bigint not null,
    customer    integer not null,
    kind        text not null,
    body        text not null,
    payload     jsonb not null,
    tags        text[] not null,
    numbers     integer[] not null,
    fingerprint bytea not null,
    amount      numeric(12, 2) not null,
    at          timestamptz not null
);

insert into events
select
    n,
    hashint8extended(n, 1) & 65535,
    (array['created', 'changed', 'paid', 'shipped', 'returned'])[1 + (hashint8extended(n, 2) & 3)],
    repeat(md5((n / 3)::text) || ' größer ', 3) || md5(n::text),
    jsonb_build_object('n', n, 'session', md5((n * 7)::text), 'price', (hashint8extended(n, 3) & 8191) / 100.0, 'flags', jsonb_build_array(n % 2 = 0, null, n % 5), 'who', jsonb_build_object('name', 'Jürgen ' || (n & 4095), 'city', '東京')),
    array['tag' || (hashint8extended(n, 4) & 255), 'tag' || (hashint8extended(n, 5) & 15)],
    array[(n & 127)::integer, (n & 1023)::integer, n::integer],
    decode(md5(n::text) || md5((n + 1)::text), 'hex'),
    (hashint8extended(n, 6) & 1048575) / 100.0,
    timestamptz '2026-01-01 00:00:00+00' + n * interval '70 seconds'
from generate_series(1, 228000) as n;

alter table events add primary key (id);
create index events_customer on events (customer, at);
create index events_at on events (at);
create index events_body on events (lower(left(body, 40)));
create index events_tags on events using gin (tags);
create index events_payload on events using gin (payload jsonb_path_ops);

vacuum (freeze, analyze);
