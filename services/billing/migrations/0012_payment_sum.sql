-- What came in for each invoice and each charge for credit: what it was paid with, and all that came
-- in less what was paid back.
create view payment_sum as
select invoice_id,
       charge_id,
       coalesce(sum(amount_cents) filter (where effect in ('settles', 'part')), 0)::bigint
           as paid_cents,
       coalesce(sum(case when effect in ('settles', 'part', 'surplus') then amount_cents
                         when effect in ('returns', 'refunds') then -amount_cents end), 0)::bigint
           as received_cents
  from payment_notice
 group by invoice_id, charge_id;
