begin;
drop index customers_points;
alter table customers drop column points;
commit;
