-- Invoices are told of when all of a run stand.
alter table billing_run_company
    add column announced boolean not null default false;
-- Until now each was told of when it was made.
update billing_run_company set announced = true where done;
alter table billing_run_company
    add constraint billing_run_company_announced check (done or not announced);

create index billing_run_company_unannounced on billing_run_company (period, company_id)
    where invoice_id is not null and not announced;
