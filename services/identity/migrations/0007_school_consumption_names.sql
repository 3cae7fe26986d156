-- A program's list of a school's people goes by their names, however few of them use its product
-- and however many do not. School and name stand beside the use for that, and follow the record.
alter table school_person
    add constraint school_person_name unique (person_id, school_id, name);

alter table school_consumption
    add column school_id uuid,
    add column name text;
update school_consumption c
   set school_id = p.school_id, name = p.name
  from school_person p
 where p.person_id = c.person_id;
alter table school_consumption
    alter column school_id set not null,
    alter column name set not null,
    drop constraint school_consumption_person_id_fkey,
    add constraint school_consumption_of_person
        foreign key (person_id, school_id, name)
        references school_person (person_id, school_id, name) on update cascade;

-- Serves ListSchoolPeople of a program.
create index school_consumption_by_name on school_consumption
    (client_id, school_id, name, person_id) where active;
