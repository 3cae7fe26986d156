use proptest::option;
use proptest::prelude::*;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-22 10:00 UTC);

fn named(name: &str) -> Person {
    Person { full_name: Some(name.to_owned()), ..Person::default() }
}

fn full(name: &str) -> Person {
    Person { cpf: Some("529.982.247-25".parse().unwrap()), ..named(name) }
}

fn manager_of(company_id: CompanyId) -> Reach {
    Reach { company_ids: vec![company_id], ..Reach::default() }
}

fn partner() -> Reach {
    Reach { partner: Some("p1".to_owned()), ..Reach::default() }
}

fn form(own: Person, reach: &Reach) -> Form {
    let mut form = Form::open("ana@x.example".parse().unwrap(), own, reach, NOW);
    form.plan_id = Some(PlanId::generate());
    form.area_code = Some("41".parse().unwrap());
    form
}

fn file_of(company_id: CompanyId) -> File {
    File { company_id, person: full("Ana of the file") }
}

fn none() -> BTreeSet<CompanyId> {
    BTreeSet::new()
}

fn asks_for(company_id: CompanyId) -> Change {
    Change { company_id: Some(Some(company_id)), ..Change::default() }
}

#[test]
fn the_public_sees_a_file_only_after_the_proof() {
    let company_id = CompanyId::generate();
    let mut form = form(Person::default(), &Reach::default());
    form.fill_from(vec![file_of(company_id)], &Reach::default());
    assert_eq!(form.seen_by(&Reach::default()), Person::default());
    assert_eq!(form.seen_by(&partner()), Person::default(), "another's form");
    assert_eq!(form.seen_by(&manager_of(CompanyId::generate())), Person::default());
    assert_eq!(form.seen_by(&manager_of(company_id)), full("Ana of the file"));
    form.email_proven_at = Some(NOW);
    assert_eq!(form.seen_by(&Reach::default()), full("Ana of the file"));
}

#[test]
fn a_manager_is_shown_files_of_the_own_company_before_others() {
    let (mine, other) = (CompanyId::generate(), CompanyId::generate());
    let files = || vec![file_of(other), File { company_id: mine, person: full("Ana of mine") }];
    let mut form = form(named("Ana"), &manager_of(mine));
    form.fill_from(files(), &manager_of(mine));
    assert_eq!(form.seen_by(&manager_of(mine)), full("Ana"), "what was given stays");
    assert!(form.prefill.as_ref().is_some_and(|prefill| prefill.is_shown));
    form.fill_from(vec![file_of(other)], &manager_of(mine));
    assert!(form.prefill.as_ref().is_some_and(|prefill| !prefill.is_shown));
    assert_eq!(form.seen_by(&manager_of(mine)), named("Ana"));
}

#[test]
fn a_partner_is_shown_files_on_its_own_forms() {
    let mut form = form(Person::default(), &partner());
    form.fill_from(vec![file_of(CompanyId::generate())], &partner());
    assert_eq!(form.seen_by(&partner()), full("Ana of the file"));
    let another = Reach { partner: Some("p2".to_owned()), ..Reach::default() };
    assert_eq!(form.seen_by(&another), Person::default());
    assert_eq!(form.seen_by(&Reach::default()), Person::default());
}

#[test]
fn another_email_drops_proof_file_and_consent() {
    let company_id = CompanyId::generate();
    let mut form = form(Person::default(), &manager_of(company_id));
    form.change(asks_for(company_id), &manager_of(company_id));
    form.fill_from(vec![file_of(company_id)], &manager_of(company_id));
    form.email_proven_at = Some(NOW);
    let before = form.clone();
    let same = Change { email: Some("ANA@x.example".parse().unwrap()), ..Change::default() };
    form.change(same, &Reach::default());
    assert_eq!(form, before);
    let other = Change { email: Some("bia@x.example".parse().unwrap()), ..Change::default() };
    form.change(other, &Reach::default());
    assert_eq!((form.email_proven_at, &form.prefill), (None, &None));
    assert_eq!(form.vouched_company_id, None);
}

#[test]
fn everything_that_is_missing_is_named() {
    let empty = Form::open("a@x.example".parse().unwrap(), Person::default(), &partner(), NOW);
    let missing = vec!["full_name", "cpf", "plan_id", "area_code"];
    assert_eq!(empty.complete(&none()), Err(Refusal::Missing(missing)));
    let form = form(full("Ana"), &Reach::default());
    assert!(form.complete(&none()).is_ok());
    let done = Form { completed_at: Some(NOW), ..form };
    assert_eq!(done.complete(&none()), Err(Refusal::Completed));
}

#[test]
fn that_a_file_exists_is_not_told_by_what_is_missing() {
    let mut form = form(Person::default(), &Reach::default());
    let without_file = form.complete(&none());
    form.fill_from(vec![file_of(CompanyId::generate())], &Reach::default());
    assert_eq!(form.complete(&none()), without_file);
    form.email_proven_at = Some(NOW);
    assert_eq!(form.complete(&none()).unwrap().person, full("Ana of the file"));
}

#[test]
fn a_shown_file_completes_a_form_but_is_inherited_only_after_the_proof() {
    let company_id = CompanyId::generate();
    let reach = manager_of(company_id);
    let mut form = form(named("Ana"), &reach);
    form.fill_from(vec![file_of(company_id)], &reach);
    assert_eq!(form.complete(&none()).unwrap().person, named("Ana"));
}

#[test]
fn nobody_spends_a_companys_money_by_knowing_its_id() {
    let (company_id, other) = (CompanyId::generate(), CompanyId::generate());
    let approved = |form: &Form, affiliated: &[CompanyId]| {
        form.complete(&affiliated.iter().copied().collect()).unwrap().is_approved
    };
    let public = Reach::default();
    let mut stranger = form(full("Ana"), &public);
    assert!(approved(&stranger, &[]), "a line of one's own");
    stranger.change(asks_for(company_id), &public);
    assert!(!approved(&stranger, &[]));
    assert!(!approved(&stranger, &[company_id]), "not before the proof");
    stranger.email_proven_at = Some(NOW);
    assert!(approved(&stranger, &[company_id]));
    assert!(!approved(&stranger, &[other]));

    let mut staff = form(full("Ana"), &manager_of(company_id));
    staff.change(asks_for(company_id), &manager_of(company_id));
    assert!(approved(&staff, &[]));
    staff.change(asks_for(other), &public);
    assert!(!approved(&staff, &[]), "the manager put another company on it");
    staff.change(asks_for(other), &manager_of(company_id));
    assert!(!approved(&staff, &[]), "not the manager's company");
    staff.change(asks_for(company_id), &public);
    assert!(approved(&staff, &[]));

    let mut partners = form(full("Ana"), &partner());
    partners.change(asks_for(company_id), &partner());
    assert!(approved(&partners, &[]));
    partners.change(asks_for(other), &public);
    assert!(!approved(&partners, &[]));
}

proptest! {
    /// Whatever happens to a form, an account starts with nothing of a file before the proof.
    #[test]
    fn a_file_is_never_inherited_unproven(
        own in option::of("[A-Z][a-z]{1,8}"),
        shown in any::<bool>(),
        proven in any::<bool>(),
    ) {
        let company_id = CompanyId::generate();
        let reach = if shown { manager_of(company_id) } else { Reach::default() };
        let own = own.map(|name| full(&name)).unwrap_or_default();
        let mut form = form(own.clone(), &reach);
        form.fill_from(vec![file_of(company_id)], &reach);
        form.email_proven_at = proven.then_some(NOW);
        match form.complete(&none()) {
            Ok(completion) if proven => {
                prop_assert_eq!(completion.person, own.or(&full("Ana of the file")));
            }
            Ok(completion) => prop_assert_eq!(completion.person, own),
            Err(refusal) => {
                prop_assert!(!proven && !shown && own == Person::default(), "{:?}", refusal);
            }
        }
    }
}
