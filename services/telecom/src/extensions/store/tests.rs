use chassis::Service;

use super::*;

async fn account(service: &Service) -> VoiceAccount {
    let company_id = CompanyId::generate();
    let account = VoiceAccount { company_id, domain: "acme.example.com".to_owned() };
    keep_account(&service.db, &account, service.clock.now()).await.unwrap();
    account
}

fn profile() -> Profile {
    Profile {
        caller_id: None,
        first_name: "Silvio".to_owned(),
        last_name: Some("Fernandes".to_owned()),
        email: Some("Suporte@api4com.com".to_owned()),
        record_audio: false,
    }
}

/// Makes an extension, with the lowest free number unless one is given.
async fn make(
    service: &Service,
    account: &VoiceAccount,
    number: Option<&str>,
) -> Result<Extension, Error> {
    let number = number.map(|number| number.parse::<ExtensionNumber>().unwrap());
    let (number, profile, now) = (&number, &profile(), service.clock.now());
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                lock_account(&mut tx, account.company_id).await?;
                let number = match number {
                    Some(number) => number.clone(),
                    None => next_number(&mut tx, account.company_id).await?,
                };
                insert(
                    &mut tx,
                    &NewExtension { account, number, secret_sealed: b"x", profile },
                    now,
                )
                .await
            })
        })
        .await
}

async fn next(service: &Service, account: &VoiceAccount) -> String {
    let mut connection = service.db.acquire().await.unwrap();
    next_number(&mut connection, account.company_id).await.unwrap().to_string()
}

#[tokio::test]
async fn the_lowest_free_number_is_given_out() {
    let (service, _database) = crate::testing::service().await;
    let account = account(&service).await;
    assert_eq!(next(&service, &account).await, "1000");
    for number in ["1001", "1002", "0999", "01000", "999", "1004"] {
        make(&service, &account, Some(number)).await.unwrap();
    }
    assert_eq!(next(&service, &account).await, "1000");
    for expected in ["1000", "1003", "1005"] {
        assert_eq!(make(&service, &account, None).await.unwrap().number.as_str(), expected);
    }
    let other = self::account(&service).await;
    assert_eq!(next(&service, &other).await, "1000", "of each account");
}

#[tokio::test]
async fn two_at_once_get_two_numbers_and_leave_no_gap() {
    let (service, _database) = crate::testing::service().await;
    let account = account(&service).await;
    let made = futures::future::join_all((0..20).map(|_| make(&service, &account, None))).await;
    let mut numbers: Vec<String> =
        made.into_iter().map(|made| made.unwrap().number.to_string()).collect();
    numbers.sort();
    let expected: Vec<String> = (1000..1020).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_number_is_once_in_an_account() {
    let (service, _database) = crate::testing::service().await;
    let account = account(&service).await;
    let first = make(&service, &account, Some("1001")).await.unwrap();
    let second = make(&service, &account, Some("1001")).await.unwrap_err();
    assert!(matches!(second, Error::ExtensionNumberTaken(number) if number == "1001"));
    let found = find_by_number(&service.db, account.company_id, &first.number).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    let stranger = CompanyId::generate();
    assert_eq!(find(&service.db, stranger, first.extension_id).await.unwrap(), None);

    let other = make(&service, &account, Some("1002")).await.unwrap();
    let renamed = Extension { number: first.number.clone(), ..other };
    let mut connection = service.db.acquire().await.unwrap();
    let taken = save(&mut connection, &renamed, None).await.unwrap_err();
    assert!(matches!(taken, Error::ExtensionNumberTaken(_)));
}

#[tokio::test]
async fn what_is_changed_is_kept_and_what_is_removed_is_gone() {
    let (service, _database) = crate::testing::service().await;
    let account = account(&service).await;
    let mut extension = make(&service, &account, Some("1001")).await.unwrap();
    extension.profile.record_audio = true;
    extension.profile.last_name = None;
    let mut connection = service.db.acquire().await.unwrap();
    save(&mut connection, &extension, Some(b"new")).await.unwrap();
    let id = extension.extension_id;
    assert_eq!(lock(&mut connection, account.company_id, id).await.unwrap(), extension);
    let own = ids_with_email(&service.db, account.company_id, "suporte@api4com.com").await;
    assert_eq!(own.unwrap(), [id]);
    delete(&mut connection, id).await.unwrap();
    assert!(lock(&mut connection, account.company_id, id).await.is_err());
}
