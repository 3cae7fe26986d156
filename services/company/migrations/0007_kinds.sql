-- Enterprises, organizations and schools with their groups are companies too. What one of them
-- needs beyond this, its dialect keeps in a table beside; some have no e-mail of their own.
alter table company
    drop constraint company_kind_check,
    add constraint company_kind_check check (kind in (
        'customer', 'voice_account', 'enterprise', 'organization', 'school_group', 'school')),
    drop constraint company_check,
    add constraint company_customer_cnpj check (cnpj is not null or kind <> 'customer'),
    alter column email drop not null,
    add constraint company_email
        check (email is not null or kind not in ('customer', 'voice_account'));

-- Serves the children of a company.
create index company_by_parent on company (parent_id, company_id) where parent_id is not null;
