//! What must never be, whatever happened: each statement returns no row.

mod schools;

use sqlx::{PgPool, Row};

const INVARIANTS: &[(&str, &str)] = &[
    (
        "a number is on one live line",
        "select phone_number
           from telecom.line
          where status <> 'cancelled' and phone_number is not null
          group by phone_number
         having count(*) > 1",
    ),
    (
        "a number is where the stock says",
        "select l.phone_number
           from telecom.line l
           left join telecom.phone_number n on n.number = l.phone_number
          where l.status <> 'cancelled' and l.phone_number is not null
            and n.line_id is distinct from l.line_id
         union all
         select n.number
           from telecom.phone_number n
           left join telecom.line l on l.line_id = n.line_id
          where n.line_id is not null
            and (l.phone_number is distinct from n.number or l.status = 'cancelled')",
    ),
    (
        "a card is in one live line, and where the stock says",
        "select iccid
           from telecom.line
          where status <> 'cancelled' and iccid is not null
          group by iccid
         having count(*) > 1
         union all
         select l.iccid
           from telecom.line l
           left join telecom.sim_card c on c.iccid = l.iccid
          where l.status <> 'cancelled' and l.iccid is not null
            and (c.status is distinct from 'in_use' or c.line_id is distinct from l.line_id)",
    ),
    (
        "a number has one open port-in",
        "select phone_number
           from telecom.port_in
          where status not in ('successful', 'denied', 'cancelled', 'failed')
          group by phone_number
         having count(*) > 1",
    ),
    (
        "a blocked state agrees with its reasons",
        "select line_id::text
           from telecom.line
          where (status = 'blocked') <> (cardinality(blocks) > 0)",
    ),
    (
        "an invoice is the sum of its items",
        "select i.invoice_id::text
           from billing.invoice i
           left join billing.invoice_item item using (invoice_id)
          group by i.invoice_id, i.amount_cents
         having i.amount_cents <> coalesce(sum(item.amount_cents), 0)",
    ),
    (
        "a top-up that was given is charged once, and no other",
        "select coalesce(t.top_up_id, c.top_up_id)::text
           from (select * from telecom.data_top_up where state = 'given') t
           full join billing.data_charge c using (top_up_id)
          where t.top_up_id is null or c.top_up_id is null or t.total_cents <> c.total_cents
         union all
         select top_up_id::text
           from billing.invoice_item
          where top_up_id is not null
          group by top_up_id
         having count(*) > 1",
    ),
    (
        "a fiscal series has no gap",
        "select concat_ws('/', issuer_cnpj, model, series)
           from billing.fiscal_series s
           left join billing.fiscal_note n using (issuer_cnpj, model, series)
          group by issuer_cnpj, model, series, s.last_number
         having s.last_number <> count(n.number)
             or s.last_number <> coalesce(max(n.number), 0)",
    ),
    (
        "a line in service is charged for, and no other",
        "select coalesce(l.line_id, c.line_id)::text
           from (select * from telecom.line where status in ('active', 'blocked')) l
           full join (select * from billing.line_charge where ended_at is null) c using (line_id)
          where l.line_id is null or c.line_id is null
             or l.plan_id <> c.plan_id or l.company_id is distinct from c.company_id",
    ),
    (
        "a wallet is the sum of its ledger",
        "select company_id::text
           from billing.wallet w
           left join (
                    select company_id, sum(wallet_cents) as wallet, sum(receivable_cents) as owed
                      from billing.ledger_movement
                     group by company_id
                ) ledger using (company_id)
          where w.balance_cents <> coalesce(ledger.wallet, 0)
             or w.debt_cents <> -coalesce(ledger.owed, 0)",
    ),
    (
        "a movement of the ledger takes what it gives, and leaves no wallet below zero",
        "select movement_id::text
           from billing.ledger_movement
          where wallet_cents + receivable_cents + provider_cents + revenue_cents <> 0
             or balance_cents < 0
         union all
         select company_id::text
           from billing.wallet
          where reserved_cents < 0 or balance_cents < reserved_cents or debt_cents < 0",
    ),
    (
        "what is reserved of a wallet is what calls in progress hold",
        "select coalesce(w.company_id, calls.company_id)::text
           from billing.wallet w
           full join (
                    select company_id, sum(price_cents * minutes) as held
                      from billing.call_reservation
                     where settled_at is null
                     group by company_id
                ) calls using (company_id)
          where coalesce(w.reserved_cents, 0) <> coalesce(calls.held, 0)",
    ),
    (
        "a charge is credited once when it is paid, and no other",
        "select coalesce(c.charge_id, m.charge_id)::text
           from billing.credit_charge c
           full join (
                    select cause_id as charge_id, -sum(provider_cents) as credited
                      from billing.ledger_movement
                     where cause in ('charge', 'refund')
                     group by cause_id
                ) m using (charge_id)
          where c.charge_id is null or c.credited_cents <> coalesce(m.credited, 0)
             or (c.paid_at is not null) <> (m.charge_id is not null)",
    ),
    (
        "a call is debited once, what it cost, and no other",
        "select coalesce(r.call_id, m.call_id)::text
           from (select * from billing.call_reservation where charged_cents > 0) r
           full join (
                    select company_id, cause_id as call_id, wallet_cents
                      from billing.ledger_movement
                     where cause = 'call'
                ) m using (company_id, call_id)
          where r.call_id is null or m.call_id is null or m.wallet_cents <> -r.charged_cents",
    ),
    (
        "a call that ended was charged what it says, and holds nothing any more",
        "select coalesce(c.call_id, m.call_id)::text
           from (
                    select call_id, company_id, call_price_cents
                      from telecom.call
                     where settled_at is not null and call_price_cents > 0
                ) c
           full join (
                    select company_id, cause_id as call_id, wallet_cents
                      from billing.ledger_movement
                     where cause = 'call'
                ) m using (company_id, call_id)
          where c.call_id is null or m.call_id is null or m.wallet_cents <> -c.call_price_cents
         union all
         select call_id::text
           from telecom.call
           join billing.call_reservation using (company_id, call_id)
          where state = 'ended' and call_reservation.settled_at is null",
    ),
    (
        "the calls of an account and day are as many as lists count",
        "select concat_ws('/', coalesce(c.company_id, n.company_id), coalesce(c.day, n.day))
           from (
                    select company_id, (started_at at time zone 'UTC')::date as day,
                           count(*) as calls
                      from telecom.call
                     where state = 'ended'
                     group by 1, 2
                ) c
           full join (
                    select company_id, day, sum(calls) as calls
                      from telecom.call_count
                     group by company_id, day
                ) n using (company_id, day)
          where coalesce(c.calls, 0) <> coalesce(n.calls, 0)",
    ),
    (
        "an enterprise sees itself, all that is below it, and nothing else",
        "with recursive below as (
             select e.company_id as top_id, e.company_id
               from company.enterprise e
               join company.company c using (company_id)
              where c.deleted_at is null
             union
             select below.top_id, a.child_id
               from below
               join company.affiliation a on a.parent_id = below.company_id
         )
         select coalesce(b.top_id, r.top_id)::text
           from below b
           full join company.enterprise_reach r using (top_id, company_id)
          where b.top_id is null or r.top_id is null",
    ),
    (
        "lists know an enterprise by the name that it has",
        "select e.public_id
           from company.enterprise e
           join company.enterprise_reach r using (company_id)
          where r.sort_name <> e.sort_name or r.public_id <> e.public_id",
    ),
    (
        "a deleted company has nothing and nobody",
        "select c.company_id::text
           from company.company c
          where c.deleted_at is not null
            and (exists (select from telecom.sim_card t where t.company_id = c.company_id)
                 or exists (select from telecom.device t where t.company_id = c.company_id)
                 or exists (select from telecom.vehicle t where t.company_id = c.company_id)
                 or exists (select from identity.grant_ g where g.company_id = c.company_id)
                 or exists (select from company.affiliation a
                             where c.company_id in (a.parent_id, a.child_id)))",
    ),
    (
        "only a company that is deleted, or about to be, is held",
        "select h.company_id::text
           from (
                    select company_id, hold_id from telecom.company_hold where lifted_at is null
                    union all
                    select company_id, hold_id from identity.company_hold where lifted_at is null
                ) h
           left join company.company c using (company_id)
           left join company.enterprise_closing k on k.closing_id = h.hold_id
          where c.deleted_at is null and k.closing_id is null",
    ),
    (
        "identity knows which companies are not served",
        "select company_id::text
           from company.company c
           full join identity.closed_company k using (company_id)
          where c.deleted_at is null
            and (c.status is distinct from 'active') <> (k.company_id is not null)",
    ),
    (
        "no event waits longer than its schedule",
        "select subject::text from telecom.outbox where created_at < now() - interval '1 minute'
         union all
         select subject::text from billing.outbox where created_at < now() - interval '1 minute'
         union all
         select subject::text from identity.outbox where created_at < now() - interval '1 minute'
         union all
         select delivery_id::text
           from company.webhook_delivery
          where state = 'pending' and attempts = 0 and due_at < now() - interval '1 minute'",
    ),
    (
        "an organization has an owner",
        "select w.organization_id
           from company.workspace w
          where not exists (
                    select from identity.grant_ g
                     where g.company_id = w.company_id and g.is_owner)",
    ),
    (
        "a subscription has the invoices that it counts, and a paid one is not overdue",
        "select s.subscription_id::text
           from billing.subscription s
          where s.invoices <> (
                    select count(*) from billing.subscription_invoice i
                     where i.subscription_id = s.subscription_id)
             or (s.status = 'active' and s.invoices = 0)",
    ),
    (
        "a coupon is used by as many as may",
        "select code
           from billing.coupon c
          where c.uses_max < (
                    select count(*) from billing.coupon_redemption r where r.code = c.code)
         union all
         select s.subscription_id::text
           from billing.subscription s
          where s.coupon is not null
            and not exists (
                    select from billing.coupon_redemption r
                     where r.code = s.coupon and r.company_id = s.company_id)",
    ),
    (
        "every picture that is kept is somebody's",
        "select encode(content_hash, 'hex')
           from company.upload u
          where not exists (
                    select from company.workspace_picture p
                     where p.content_hash = u.content_hash)",
    ),
];

/// Checks what must always hold once nothing is under way.
///
/// # Panics
/// When something does not; `when` says after what.
pub async fn assert_invariants(database: &PgPool, when: &str) {
    for &(invariant, statement) in INVARIANTS.iter().chain(schools::INVARIANTS) {
        let broken = sqlx::query(statement).fetch_all(database).await.expect(invariant);
        let broken: Vec<String> = broken.iter().map(|row| row.get(0)).collect();
        assert!(broken.is_empty(), "{when}: {invariant}, but not {broken:?}");
    }
}
