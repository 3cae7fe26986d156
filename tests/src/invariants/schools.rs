//! What must never be of schools and of their people. That a class has a stage and a shift of its
//! own school, and a person one record in each, are constraints of the tables.

pub(super) const INVARIANTS: &[(&str, &str)] = &[
    (
        "a school is of a group, and both are what they are called",
        "select s.company_id::text
           from company.school s
           join company.company c using (company_id)
           left join company.company g on g.company_id = c.parent_id
          where c.kind <> 'school' or g.kind is distinct from 'school_group'
         union all
         select g.company_id::text
           from company.school_group g
           join company.company c using (company_id)
          where c.kind <> 'school_group'
         union all
         select c.company_id::text
           from company.company c
           left join company.school s using (company_id)
           left join company.school_group g using (company_id)
          where c.kind = 'school' and s.company_id is null
             or c.kind = 'school_group' and g.company_id is null",
    ),
    (
        "an integration, and a use of a product, is of a program that reads schools",
        "select u.client_id
           from (
                    select client_id from company.school_integration
                    union
                    select client_id from identity.school_consumption
                ) u
           left join identity.client_app a on a.client_id = u.client_id and a.kind = 'schools'
          where a.client_id is null",
    ),
    (
        "a program has two secrets at the most",
        "select client_id
           from identity.client_secret
          group by client_id
         having count(*) > 2",
    ),
    (
        "people are in schools that there are, and are some of the 16 there",
        "select p.person_id::text
           from identity.school_person p
           left join company.school s on s.company_id = p.school_id
          where s.company_id is null
             or exists (
                    select from unnest(p.profiles) as held (code)
                      left join identity.school_profile f using (code)
                     where f.code is null)
             or cardinality(p.profiles) <> (
                   select count(distinct code) from unnest(p.profiles) as held (code))",
    ),
    (
        "an account without a login is somebody's in a school",
        "select u.user_id::text
           from identity.app_user u
          where u.state = 'imported'
            and not exists (select from identity.school_person p where p.user_id = u.user_id)",
    ),
    (
        "who answers for somebody is in a school with them",
        "select g.guardian_id::text
           from identity.guardianship g
          where not exists (
                    select from identity.school_person a
                      join identity.school_person b using (school_id)
                     where a.user_id = g.guardian_id and b.user_id = g.dependent_id)",
    ),
    (
        "a read is noted with the schools of all whom it was about",
        "select r.read_id::text
           from identity.school_people_read r, unnest(r.account_ids) as about (user_id)
          where not exists (
                    select from identity.school_person p
                     where p.user_id = about.user_id and p.school_id = any(r.school_ids))",
    ),
    (
        "a report of an import adds up",
        "select i.import_id::text
           from company.school_import i
          where i.row_count <> i.applied + i.refused
             or i.refused <> (
                    select count(*) from company.school_import_refusal f
                     where f.import_id = i.import_id)",
    ),
];
