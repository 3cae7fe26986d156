use std::collections::BTreeMap;

use chassis::auth::Role;
use chassis::refusal::Refusal;
use proto::common::v1::Permission;
use sqlx::types::Json;
use tonic::Code;

use super::*;
use crate::lines::{Cause, Lines, NewLine};
use crate::testing::{area, new_line, request_of, service, stock};

struct Stage {
    rpcs: CustomFieldRpcs,
    lines: Lines,
    company_id: CompanyId,
}

async fn stage() -> (Stage, impl Sized) {
    let (service, database) = service().await;
    stock(&service, area(), 10).await;
    let lines = Lines::new(service.clone(), "americanet".into());
    let company_id = CompanyId::generate();
    (Stage { rpcs: CustomFieldRpcs { service }, lines, company_id }, database)
}

impl Stage {
    async fn line(&self) -> LineId {
        let new = &NewLine { company_id: Some(self.company_id), ..new_line() };
        let lines = &self.lines;
        let order = self.rpcs.service.transaction(|mut tx| {
            let cause = Cause::from(Actor::service("test"));
            Box::pin(async move { lines.order(&mut tx, new.clone(), &cause).await })
        });
        order.await.unwrap().line_id()
    }

    fn request<T>(&self, message: T) -> Request<T> {
        request_of(message, Role::Manager, Some(self.company_id), Permission::LinesManage)
    }

    async fn set(&self, line_id: LineId, name: &str, value: &str) -> Result<(), Status> {
        let message = pb::SetCustomFieldRequest {
            line_id: line_id.to_string(),
            name: name.to_owned(),
            value: value.to_owned(),
        };
        self.rpcs.set_custom_field(self.request(message)).await.map(drop)
    }

    async fn remove(&self, line_id: LineId, name: &str) -> Result<(), Status> {
        let message =
            pb::RemoveCustomFieldRequest { line_id: line_id.to_string(), name: name.to_owned() };
        self.rpcs.remove_custom_field(self.request(message)).await.map(drop)
    }

    async fn rename(&self, current: &str, new: &str) -> Result<i64, Status> {
        let message = pb::RenameCustomFieldRequest {
            company_id: self.company_id.to_string(),
            current_name: current.to_owned(),
            new_name: new.to_owned(),
        };
        let answer = self.rpcs.rename_custom_field(self.request(message)).await?;
        Ok(answer.into_inner().lines)
    }

    async fn fields(&self, line_id: LineId) -> Vec<(String, String)> {
        let Json(fields): Json<BTreeMap<String, String>> =
            sqlx::query_scalar("select custom_fields from line where line_id = $1")
                .bind(line_id.0)
                .fetch_one(&self.rpcs.service.db)
                .await
                .unwrap();
        fields.into_iter().collect()
    }

    /// What the timeline says of custom fields: action, before, after.
    async fn story(&self, line_id: LineId) -> Vec<(String, String, String)> {
        type Told = BTreeMap<String, String>;
        let entries: Vec<(String, Json<Told>, Json<Told>)> = sqlx::query_as(
            "select action, before, after
               from timeline_entry
              where line_id = $1 and action like 'custom%'
              order by entry_id",
        )
        .bind(line_id.0)
        .fetch_all(&self.rpcs.service.db)
        .await
        .unwrap();
        let text = |told: Told| told.into_values().collect::<Vec<_>>().join("=");
        entries
            .into_iter()
            .map(|(action, Json(before), Json(after))| (action, text(before), text(after)))
            .collect()
    }
}

fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (status.code(), Refusal::of(&status).reason)
}

fn pairs(given: &[(&str, &str)]) -> Vec<(String, String)> {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn fields_are_set_and_removed_and_their_history_is_told() {
    let (stage, _database) = stage().await;
    let line_id = stage.line().await;
    stage.set(line_id, " Equipamento ", "Motorola").await.unwrap();
    stage.set(line_id, "Equipamento", "Motorola").await.unwrap();
    stage.set(line_id, "Equipamento", "iPhone").await.unwrap();
    assert_eq!(stage.fields(line_id).await, pairs(&[("Equipamento", "iPhone")]));
    stage.remove(line_id, "Equipamento").await.unwrap();
    assert_eq!(stage.fields(line_id).await, []);
    let gone = stage.remove(line_id, "Equipamento").await;
    assert_eq!(refusal(gone), (Code::NotFound, "CUSTOM_FIELD_NOT_FOUND".to_owned()));
    let told = |action: &str, before: &str, after: &str| {
        (action.to_owned(), before.to_owned(), after.to_owned())
    };
    assert_eq!(
        stage.story(line_id).await,
        [
            told("custom_field_set", "", "Equipamento=Motorola"),
            told("custom_field_set", "Equipamento=Motorola", "Equipamento=iPhone"),
            told("custom_field_removed", "Equipamento=iPhone", ""),
        ]
    );
}

#[tokio::test]
async fn somebody_elses_line_does_not_exist_and_a_line_holds_fifty_fields() {
    let (stage, _database) = stage().await;
    let line_id = stage.line().await;
    let elsewhere = Stage {
        rpcs: stage.rpcs.clone(),
        lines: stage.lines.clone(),
        company_id: CompanyId::generate(),
    };
    let not_found = (Code::NotFound, "LINE_NOT_FOUND".to_owned());
    assert_eq!(refusal(elsewhere.set(line_id, "a", "b").await), not_found);
    assert_eq!(refusal(elsewhere.remove(line_id, "a").await), not_found);
    for index in 0..50 {
        stage.set(line_id, &index.to_string(), "x").await.unwrap();
    }
    stage.set(line_id, "0", "y").await.unwrap();
    assert_eq!(stage.set(line_id, "51", "x").await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_field_is_renamed_on_all_lines_or_on_none() {
    let (stage, _database) = stage().await;
    let (first, second, third) = (stage.line().await, stage.line().await, stage.line().await);
    stage.set(first, "Aparelho", "Motorola").await.unwrap();
    stage.set(second, "Aparelho", "iPhone").await.unwrap();
    stage.set(third, "Setor", "Vendas").await.unwrap();

    let missing = (Code::NotFound, "CUSTOM_FIELD_NOT_FOUND".to_owned());
    let exists = (Code::AlreadyExists, "CUSTOM_FIELD_EXISTS".to_owned());
    assert_eq!(refusal(stage.rename("Nada", "Setor").await), missing);
    assert_eq!(refusal(stage.rename("Aparelho", "Setor").await), exists);
    assert_eq!(refusal(stage.rename("Aparelho", "Aparelho").await), exists);
    assert_eq!(stage.fields(first).await, pairs(&[("Aparelho", "Motorola")]));

    assert_eq!(stage.rename("Aparelho", "Equipamento").await.unwrap(), 2);
    assert_eq!(stage.fields(first).await, pairs(&[("Equipamento", "Motorola")]));
    assert_eq!(stage.fields(second).await, pairs(&[("Equipamento", "iPhone")]));
    assert_eq!(stage.fields(third).await, pairs(&[("Setor", "Vendas")]));
    let renamed =
        ("custom_field_renamed".to_owned(), "Aparelho".to_owned(), "Equipamento".to_owned());
    assert_eq!(stage.story(second).await.last(), Some(&renamed));
    assert_eq!(stage.story(third).await.len(), 1);
}
