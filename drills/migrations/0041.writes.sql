-- What the new version would have written before somebody rolls it back.
insert into customers (email, full_name, points)
select format('rehearsal-%s@rehearsal.invalid', n), format('Rehearsal %s', n), n from generate_series(1, 3) as n;
