alter table customers drop column given_name;
