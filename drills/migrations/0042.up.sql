-- A customer is called by the name they chose, else by their full name: one column is enough for both.
begin;
alter table customers add column name text;
alter table customers disable trigger customers_touch;
update customers set name = coalesce(nullif(display_name, ''), full_name);
alter table customers enable trigger customers_touch;
alter table customers alter column name set not null;
alter table customers drop column display_name;
commit;
