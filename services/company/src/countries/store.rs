//! The table `country`.

use sqlx::PgExecutor;

use super::Country;

/// All countries, by code.
pub(crate) async fn list(db: impl PgExecutor<'_>) -> sqlx::Result<Vec<Country>> {
    sqlx::query_as("select code, name, public_id from country order by code").fetch_all(db).await
}

#[cfg(test)]
mod tests {
    use chassis::testing;

    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn there_are_249_countries() {
        let (service, _database) = testing::service("company", &MIGRATIONS, vec![]).await;
        let countries = list(&service.db).await.unwrap();
        assert_eq!(countries.len(), 249);
        let brazil = countries.iter().find(|country| country.code == "BR").unwrap();
        assert_eq!(
            (brazil.name.as_str(), brazil.public_id.as_str()),
            ("Brazil", "c8a098d7b6932c2")
        );
    }
}
