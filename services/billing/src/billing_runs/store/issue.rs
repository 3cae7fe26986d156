//! The invoices of a batch of companies, and all their items, in one statement.

use brazil::{CompanyId, InvoiceId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::billing_runs::job::Issue;

/// Each join of the statement is one of many rows with few on equal keys. Without statistics,
/// which a table that has just grown does not have, the planner may think otherwise.
const PLANNER: &str = "
    select set_config('enable_nestloop', 'off', true),
           set_config('enable_mergejoin', 'off', true)";

/// `$1` companies, `$2` their invoices' ids, `$3` and `$4` first and last day of the month, `$5`
/// its number of days, `$6` its name, `$7` the month that takes what is left to give back, `$8`
/// now, `$9` the due date.
const ISSUE: &str = "
    with company as (
        select * from unnest($1::uuid[], $2::uuid[]) as company (company_id, invoice_id)
    ), change as (
        select company_id, plan_id, price_cents, date '-infinity' as first_day
          from company cross join plan
         union all
        (select distinct on (company_id, plan_id, day) company_id, plan_id, price_cents, day
           from company_price,
                date(effective_from at time zone 'America/Sao_Paulo') as day
          where company_id = any($1)
          order by company_id, plan_id, day, effective_from desc)
    ), price as (
        select company_id, invoice_id, plan_id, change.price_cents, first_day,
               coalesce(lead(first_day) over history - 1, 'infinity') as last_day,
               plan.name || ' at R$ '
                   || translate(to_char(change.price_cents / 100.0, 'FM999,999,990.00'), ',.', '.,')
                   || ' a month' as label
          from change
          join plan using (plan_id)
          join company using (company_id)
        window history as (partition by company_id, plan_id order by first_day)
    ), used as (
        select company_id, line_id, plan_id,
               greatest(billed_from, $3) as first_day,
               least(coalesce(billed_to, $4), $4) as last_day
          from line_charge
         where company_id = any($1)
           and billed_from <= $4
           and coalesce(billed_to, $4) >= greatest(billed_from, $3)
    ), piece as (
        select invoice_id, company_id, line_id, price_cents, label,
               greatest(used.first_day, price.first_day) as first_day,
               least(used.last_day, price.last_day) as last_day
          from used
          join price using (company_id, plan_id)
         where price.first_day <= used.last_day and price.last_day >= used.first_day
    ), late as (
        select invoice_id, company_id, line_id, price_cents, label, credit, month_first,
               (month_first + interval '1 month')::date - month_first as month_days,
               greatest(late.first_day, price.first_day) as first_day,
               least(late.last_day, price.last_day) as last_day,
               greatest(month_first, charged_from, price.first_day) as counted_from
          from late_charge as late
          join price using (company_id, plan_id),
               date(date_trunc('month', late.first_day)) as month_first
         where company_id = any($1)
           and late.period = $3
           and price.first_day <= late.last_day and price.last_day >= late.first_day
    ), item as (
        select invoice_id, company_id, line_id, price_cents, first_day, last_day,
               null::uuid as top_up_id,
               case days
                   when $5 then 'Invoice for 1 month of service, '
                   else 'Invoice for ' || days || ' of ' || $5 || ' days of service, '
               end || $6 || ': ' || label as description,
               price_cents * days / $5 as amount_cents
          from piece, lateral (select last_day - first_day + 1 as days) as counted
         union all
        select invoice_id, company_id, line_id, price_cents, first_day, last_day, null,
               case when credit then 'Credit for ' else 'Invoice for ' end
                   || (last_day - first_day + 1) || ' of ' || month_days
                   || ' days of service, ' || to_char(month_first, 'YYYY-MM') || ': ' || label,
               (price_cents * (last_day - counted_from + 1) / month_days
                   - price_cents * (first_day - counted_from) / month_days)
                   * case when credit then -1 else 1 end
          from late
         union all
        select invoice_id, company_id, line_id, unit_price_cents, day, day, top_up_id,
               'Invoice for ' || trim_scale(quantity_mb / 1000.0) || ' GB of data, ' || day
                   || ': R$ '
                   || translate(to_char(unit_price_cents / 100.0, 'FM999,999,990.00'), ',.', '.,')
                   || ' a gigabyte',
               total_cents
          from data_charge
          join company using (company_id),
               date(given_at at time zone 'America/Sao_Paulo') as day
         where company_id = any($1) and period = $3
         union all
        select invoice_id, company_id, null, null, null, null, null,
               'Credit of earlier months', -amount_cents
          from company_credit
          join company using (company_id)
         where company_id = any($1) and period = $3
    ), written as (
        insert into invoice_item
            (invoice_id, position, company_id, description, amount_cents, line_id, price_cents,
             first_day, last_day, top_up_id)
        select invoice_id, row_number() over (), company_id, description, amount_cents, line_id,
               price_cents, first_day, last_day, top_up_id
          from item
        returning invoice_id, company_id, amount_cents, position
    ), total as (
        select invoice_id, company_id, sum(amount_cents)::int8 as amount_cents,
               max(position) as last_position
          from written
         group by invoice_id, company_id
    ), balance as (
        insert into invoice_item (invoice_id, position, company_id, description, amount_cents)
        select invoice_id, last_position + 1, company_id, 'Credit kept for the next invoice', -amount_cents
          from total
         where amount_cents < 0
    ), kept as (
        insert into company_credit as credit (company_id, period, amount_cents)
        select company_id, $7, -amount_cents from total where amount_cents < 0
        on conflict (company_id, period) do update
           set amount_cents = credit.amount_cents + excluded.amount_cents
    ), issued as (
        insert into invoice
            (invoice_id, company_id, period, amount_cents, status, due_date, created_at, paid_at)
        select invoice_id, company_id, $3, greatest(amount_cents, 0),
               case when amount_cents > 0 then 'pending' else 'paid' end, $9, $8,
               case when amount_cents <= 0 then $8 end
          from total
    )
    update billing_run_company as run
       set done = true, invoice_id = total.invoice_id, failed_at = null, failure = null
      from company
      left join total using (company_id)
     where run.period = $3 and run.company_id = company.company_id";

/// Makes the invoices of companies that were claimed.
pub(in crate::billing_runs) async fn issue(
    tx: &mut PgConnection,
    companies: &[CompanyId],
    issue: &Issue,
) -> sqlx::Result<()> {
    let company_ids: Vec<Uuid> = companies.iter().copied().map(Uuid::from).collect();
    let invoice_ids: Vec<Uuid> = companies.iter().map(|_| InvoiceId::generate().0).collect();
    let period = issue.period;
    sqlx::query(PLANNER).execute(&mut *tx).await?;
    // Planned each time, for the companies it is about.
    sqlx::query(ISSUE)
        .persistent(false)
        .bind(company_ids)
        .bind(invoice_ids)
        .bind(period.first_day())
        .bind(period.last_day())
        .bind(i64::from(period.last_day().day()))
        .bind(period.to_string())
        .bind(issue.credit_period.first_day())
        .bind(issue.issued_at)
        .bind(issue.due_date)
        .execute(tx)
        .await?;
    Ok(())
}
