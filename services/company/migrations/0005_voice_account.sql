-- A voice account is a company too: it has a domain, and perhaps no CNPJ.
alter table company
    drop constraint company_kind_check,
    add constraint company_kind_check check (kind in ('customer', 'voice_account')),
    alter column cnpj drop not null,
    add column domain text constraint company_domain unique,
    add check (cnpj is not null or kind = 'voice_account'),
    add check ((domain is not null) = (kind = 'voice_account'));
