insert into customers (email) values ('a@rehearsal.invalid');
