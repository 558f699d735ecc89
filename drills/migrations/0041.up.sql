-- Customers collect points.
begin;
alter table customers add column points integer not null default 0;
create index customers_points on customers (points) where points > 0;
commit;
