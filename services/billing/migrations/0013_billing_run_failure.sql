-- A company whose invoice cannot be made keeps no other one waiting: it is set aside, and tried again
-- whenever the run is gone on with. What is noted counts while the invoice is not there.
alter table billing_run_company
    add column failed_at timestamptz,
    add column failure   text;
