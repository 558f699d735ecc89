-- A small database with one of each thing that an archive's table of contents tells apart.
\set ON_ERROR_STOP on
select format('create role %I', name)
from (values ('corner_owner'), ('corner_reader'), ('Corner "Grantee"'), ('corner_policy')) as wanted (name)
where not exists (select from pg_roles where rolname = wanted.name)
\gexec

drop database if exists corner;
create database corner owner corner_owner template template0 encoding 'UTF8' locale 'C.UTF-8';
grant connect on database corner to corner_reader;
\connect corner
create extension pg_trgm;
create schema side authorization corner_owner;

set role corner_owner;
create table side.fruits (id integer generated always as identity primary key, name text not null);
insert into side.fruits (name) select 'fruit number ' || n from generate_series(1, 400) as n;
create table side."to" (payload bytea);
insert into side."to" select decode(md5(n::text), 'hex') from generate_series(1, 200) as n;
create table side.empty (nothing text);
create table side.by_year (year integer not null, what text) partition by range (year);
create table side.by_year_2026 partition of side.by_year for values from (2026) to (2027);
create sequence side.lonely start 7;
create view side.names as select name from side.fruits;
create materialized view side.counted as select count(*) as fruits from side.fruits;
create function side.speak() returns text language sql as $$ select 'ALTER TABLE x OWNER TO nobody_at_all;'::text $$;
alter table side.fruits enable row level security;
create policy readers on side.fruits for select to corner_policy using (name <> 'TO someone_else');
grant select (id) on side.fruits to "Corner ""Grantee""";
alter default privileges in schema side grant select on tables to corner_reader;
reset role;

create function note() returns event_trigger language plpgsql as $$ begin null; end $$;
create event trigger noted on ddl_command_end execute function note();
alter event trigger noted disable;
select lo_from_bytea(0, 'a large object') is not null as made;
