use chassis::Service;

use super::*;
use crate::devices::testing::{add_device, add_vehicle};
use crate::testing::service;

async fn removing(
    service: &Service,
    company_id: CompanyId,
    id: &str,
) -> (Result<(), Error>, Result<(), Error>) {
    let mut connection = service.db.acquire().await.unwrap();
    let device = remove_device(&mut connection, company_id, id).await;
    (device, remove_vehicle(&mut connection, company_id, id).await)
}

#[tokio::test]
async fn devices_and_vehicles_are_listed_oldest_first_and_page_by_page() {
    let (service, _database) = service().await;
    let (company_id, other) = (CompanyId::generate(), CompanyId::generate());
    let (mut added, mut built) = (vec![], vec![]);
    for name in ["a", "b", "c"] {
        added.push(add_device(&service, company_id, name).await.unwrap());
        built.push(add_vehicle(&service, company_id, name).await.unwrap());
    }
    add_device(&service, other, "d").await.unwrap();
    let first: Page<After> = Page { size: 2, skip: 0, after: None };
    let (found, total) = devices(&service.db, company_id, &first).await.unwrap();
    assert_eq!((found.as_slice(), total), (&added[..], 3), "one more than fits tells of the next");
    let after = Some((added[1].created_at, added[1].device_id.to_string()));
    let next = Page { after, ..first };
    let (found, total) = devices(&service.db, company_id, &next).await.unwrap();
    assert_eq!((found.as_slice(), total), (&added[2..], 3));
    let all: Page<After> = Page { size: 10, skip: 1, after: None };
    let (found, total) = vehicles(&service.db, company_id, &all).await.unwrap();
    assert_eq!((found.as_slice(), total), (&built[1..], 3));
}

#[tokio::test]
async fn of_many_companies_each_has_its_oldest() {
    let (service, _database) = service().await;
    let (one, other) = (CompanyId::generate(), CompanyId::generate());
    let mut expected = vec![];
    for name in ["a", "b", "c"] {
        expected.push(add_device(&service, one, name).await.unwrap());
    }
    expected.truncate(2);
    expected.push(add_device(&service, other, "d").await.unwrap());
    expected.sort_by_key(|device| (device.company_id.0, device.created_at));
    let found = batch_devices(&service.db, &[one.0, other.0, Uuid::now_v7()], 2).await.unwrap();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn what_is_removed_is_gone_and_nobody_removes_what_is_of_others() {
    let (service, _database) = service().await;
    let (company_id, other) = (CompanyId::generate(), CompanyId::generate());
    let device = add_device(&service, company_id, "a").await.unwrap().device_id.to_string();
    let vehicle = add_vehicle(&service, company_id, "a").await.unwrap().vehicle_id.to_string();
    for id in [&device, &vehicle] {
        let (not_device, not_vehicle) = removing(&service, other, id).await;
        assert!(matches!(not_device, Err(Error::DeviceNotFound)));
        assert!(matches!(not_vehicle, Err(Error::VehicleNotFound)));
    }
    assert!(matches!(removing(&service, company_id, &device).await, (Ok(()), Err(_))));
    assert!(matches!(removing(&service, company_id, &vehicle).await, (Err(_), Ok(()))));
    assert!(matches!(removing(&service, company_id, &device).await, (Err(_), Err(_))));
}
