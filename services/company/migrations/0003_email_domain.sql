-- An e-mail domain whose people may sign up on a company's account.
create table email_domain (
    domain          text primary key,
    company_id      uuid not null
                    constraint email_domain_company references company (company_id),
    default_plan_id uuid not null
);
