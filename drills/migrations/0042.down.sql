-- Looks harmless: the name goes back to where it came from.
begin;
alter table customers add column display_name text;
alter table customers disable trigger customers_touch;
update customers set display_name = name where name <> full_name;
alter table customers enable trigger customers_touch;
alter table customers drop column name;
commit;
