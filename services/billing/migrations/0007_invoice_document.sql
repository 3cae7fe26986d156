-- Whether an invoice has an NFCom that was not refused. Of millions of invoices those without one
-- are few.
alter table invoice add column has_document boolean not null default false;
update invoice
   set has_document = true
 where exists (
           select from fiscal_note
            where fiscal_note.invoice_id = invoice.invoice_id and status <> 'rejected');

create index invoice_without_document on invoice (invoice_id)
    where not has_document and amount_cents > 0;
