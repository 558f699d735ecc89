alter table customers add column given_name text;
