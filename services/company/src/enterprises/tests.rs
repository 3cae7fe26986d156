use proptest::prelude::*;

use super::testing::values;
use super::*;

fn own() -> Own {
    Own { company_id: CompanyId::generate(), may_manage: true, is_operator: false }
}

fn enterprise() -> Enterprise {
    Enterprise::new(values("Padaria", "1"), false, OffsetDateTime::UNIX_EPOCH)
}

const NEAR: Standing = Standing { affiliation: Some(AffiliationState::Active), has_others: false };

#[test]
fn the_first_reason_not_to_delete_counts() {
    let suspended = Standing { affiliation: Some(AffiliationState::Suspended), has_others: true };
    let far = Standing { affiliation: None, has_others: true };
    let elsewhere = Standing { has_others: true, ..NEAR };
    let (own, member) = (own(), Own { may_manage: false, ..own() });
    let operator = Own { is_operator: true, ..own };
    let target = enterprise();
    let main = Enterprise { is_main_client: true, ..enterprise() };
    let itself = Enterprise { company_id: own.company_id, ..main.clone() };

    assert_eq!(may_delete(&member, &itself, &far), Err(Refusal::Forbidden));
    assert_eq!(may_delete(&own, &itself, &far), Err(Refusal::Own));
    assert_eq!(may_delete(&own, &main, &far), Err(Refusal::MainClient));
    assert_eq!(may_delete(&own, &target, &far), Err(Refusal::NotAffiliated));
    assert_eq!(may_delete(&operator, &target, &NEAR), Err(Refusal::NotAffiliated));
    assert_eq!(may_delete(&own, &target, &suspended), Err(Refusal::AffiliationSuspended));
    assert_eq!(may_delete(&own, &target, &elsewhere), Err(Refusal::AffiliatedElsewhere));
    assert_eq!(may_delete(&own, &target, &NEAR), Ok(()));
}

#[test]
fn only_what_is_near_is_changed() {
    let (own, target) = (own(), CompanyId::generate());
    assert_eq!(may_change(&own, own.company_id, None), Ok(()));
    assert_eq!(may_change(&own, target, Some(AffiliationState::Active)), Ok(()));
    assert_eq!(
        may_change(&own, target, Some(AffiliationState::Suspended)),
        Err(Refusal::Forbidden)
    );
    assert_eq!(may_change(&own, target, None), Err(Refusal::Forbidden));
    let member = Own { may_manage: false, ..own };
    assert_eq!(may_change(&member, own.company_id, None), Err(Refusal::Forbidden));
}

#[test]
fn a_main_client_is_stopped_by_the_operator() {
    let own = own();
    let operator = Own { is_operator: true, ..own };
    let main = Enterprise { is_main_client: true, ..enterprise() };
    let itself = Enterprise { company_id: own.company_id, ..enterprise() };
    assert_eq!(may_stop(&own, &enterprise()), Ok(()));
    assert_eq!(may_stop(&own, &main), Err(Refusal::MainClient));
    assert_eq!(may_stop(&operator, &main), Ok(()));
    assert_eq!(may_stop(&own, &itself), Err(Refusal::Own));
}

#[test]
fn only_what_differs_is_changed() {
    let mut kept = values("Padaria", "1");
    assert_eq!(kept.change(Changes::default()), Vec::<&str>::new());
    let changes = Changes {
        name: Some("Padaria".to_owned()),
        phone1: Some(Some("911".to_owned())),
        email: Some(None),
        ..Changes::default()
    };
    assert_eq!(kept.change(changes.clone()), ["phone1"]);
    assert_eq!(kept.change(changes), Vec::<&str>::new());
    assert_eq!(kept.given(), ["name", "cnpj", "phone1"]);
}

#[test]
fn names_sort_without_accents_and_case() {
    assert_eq!(values("ÁGUA Limpa", "1").sort_name(), "agua limpa");
}

proptest! {
    #[test]
    fn the_key_of_a_cnpj_is_its_own_key(text in "\\PC{0,30}") {
        let key = cnpj_key(&text);
        prop_assert_eq!(cnpj_key(&key), key.clone());
        prop_assert_eq!(FreeCnpj::new(&text).is_some(), !key.is_empty());
    }
}
