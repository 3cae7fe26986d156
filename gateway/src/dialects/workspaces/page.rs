//! Pages of collections, as Hydra has them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use form_urlencoded::Serializer;
use proto::common::v1::PageRequest;
use serde_json::{Map, Value, json};

use super::Workspaces;
use super::error::Error;
use crate::body::Params;

const PER_PAGE: u64 = 30;
const PER_PAGE_MAX: u64 = 100;
const PAGE: &str = "page";
const PER_PAGE_PARAMETER: &str = "itemsPerPage";

/// Which page of a collection is asked for, and by which URL.
#[derive(Clone, Debug)]
pub(super) struct Paging {
    path: String,
    params: Vec<(String, String)>,
    page: u64,
    per_page: u64,
}

impl FromRequestParts<Workspaces> for Paging {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &Workspaces) -> Result<Self, Error> {
        Self::of(parts.uri.path(), &Params::of(&parts.uri)?)
    }
}

impl Paging {
    fn of(path: &str, params: &Params) -> Result<Self, Error> {
        let page = positive(params, PAGE)?.unwrap_or(1);
        let per_page = positive(params, PER_PAGE_PARAMETER)?.unwrap_or(PER_PAGE);
        Ok(Self {
            path: path.to_owned(),
            params: params.all().iter().filter(|(name, _)| name != PAGE).cloned().collect(),
            page,
            per_page: per_page.min(PER_PAGE_MAX),
        })
    }

    /// The page, as services are asked for it.
    pub(super) fn request(&self) -> Option<PageRequest> {
        let skip = (self.page - 1).saturating_mul(self.per_page);
        Some(PageRequest {
            page_size: i32::try_from(self.per_page).unwrap_or(i32::MAX),
            page_token: String::new(),
            skip: i32::try_from(skip).unwrap_or(i32::MAX),
        })
    }

    /// The page of a list that is there as a whole.
    pub(super) fn cut<T>(&self, items: Vec<T>) -> Vec<T> {
        let skip = usize::try_from((self.page - 1).saturating_mul(self.per_page));
        let take = usize::try_from(self.per_page).unwrap_or(usize::MAX);
        items.into_iter().skip(skip.unwrap_or(usize::MAX)).take(take).collect()
    }

    /// The collection in JSON-LD.
    pub(super) fn collection(&self, kind: &str, members: Vec<Value>, total: i64) -> Value {
        let total = u64::try_from(total).unwrap_or_default();
        let mut collection = Map::new();
        collection.insert("@context".to_owned(), format!("/contexts/{kind}").into());
        collection.insert("@id".to_owned(), self.path.clone().into());
        collection.insert("@type".to_owned(), "hydra:Collection".into());
        collection.insert("hydra:totalItems".to_owned(), total.into());
        collection.insert("hydra:member".to_owned(), members.into());
        let last = total.div_ceil(self.per_page).max(1);
        if last > 1 || !self.params.is_empty() {
            collection.insert("hydra:view".to_owned(), self.view(last));
        }
        collection.into()
    }

    fn view(&self, last: u64) -> Value {
        let mut view = json!({
            "@id": self.url(self.page),
            "@type": "hydra:PartialCollectionView",
            "hydra:first": self.url(1),
            "hydra:last": self.url(last),
        });
        if self.page > 1 {
            view["hydra:previous"] = self.url((self.page - 1).min(last)).into();
        }
        if self.page < last {
            view["hydra:next"] = self.url(self.page + 1).into();
        }
        view
    }

    fn url(&self, page: u64) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.params).append_pair(PAGE, &page.to_string());
        format!("{}?{}", self.path, query.finish())
    }
}

fn positive(params: &Params, name: &str) -> Result<Option<u64>, Error> {
    let Some(text) = params.text(name) else { return Ok(None) };
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // What is beyond all pages is as good as the largest number.
    let number = if is_plain { text.parse().unwrap_or(u64::MAX) } else { 0 };
    let wrong = || Error::bad_request(format!("\"{name}\" is not a positive integer."));
    if number == 0 { Err(wrong()) } else { Ok(Some(number)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paging(uri: &str) -> Result<Paging, Error> {
        let uri: axum::http::Uri = uri.parse().unwrap();
        Paging::of(uri.path(), &Params::of(&uri)?)
    }

    #[test]
    fn the_sample_of_the_contract() {
        let member = json!({"@id": "/locations/1", "@type": "Location", "id": 1, "name": "Matriz", "officeOpenHour": 8, "officeCloseHour": null});
        let shown = paging("/locations").unwrap().collection("Location", vec![member.clone()], 31);
        let expected = json!({"@context": "/contexts/Location", "@id": "/locations", "@type": "hydra:Collection", "hydra:totalItems": 31,
         "hydra:member": [member],
         "hydra:view": {"@id": "/locations?page=1", "@type": "hydra:PartialCollectionView", "hydra:first": "/locations?page=1", "hydra:last": "/locations?page=2", "hydra:next": "/locations?page=2"}});
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_view_is_there_when_it_leads_somewhere() {
        let view = |uri: &str, total| {
            paging(uri).unwrap().collection("X", vec![], total)["hydra:view"].clone()
        };
        assert_eq!(view("/x", 30), Value::Null);
        assert_eq!(view("/x?page=1", 30), Value::Null);
        let one = view("/x?itemsPerPage=50&a%5Bb%5D=c%20d", 30);
        assert_eq!(one["hydra:first"], "/x?itemsPerPage=50&a%5Bb%5D=c+d&page=1");
        assert_eq!((&one["hydra:next"], &one["hydra:previous"]), (&Value::Null, &Value::Null));
        let middle = view("/x?page=2&itemsPerPage=10", 25);
        assert_eq!(middle["hydra:previous"], "/x?itemsPerPage=10&page=1");
        assert_eq!(middle["hydra:next"], "/x?itemsPerPage=10&page=3");
        let beyond = view("/x?page=9", 31);
        assert_eq!(beyond["hydra:previous"], "/x?page=2");
        assert_eq!(beyond["hydra:next"], Value::Null);
        assert_eq!(view("/x?itemsPerPage=5000", 101)["hydra:last"], "/x?itemsPerPage=5000&page=2");
    }

    #[test]
    fn a_page_is_a_positive_integer() {
        for query in [
            "page=0",
            "page=-1",
            "page=x",
            "page=",
            "page=1.5",
            "page=%2B1",
            "itemsPerPage=0",
            "page=00",
        ] {
            assert!(paging(&format!("/x?{query}")).is_err(), "{query}");
        }
        assert!(paging("/x?pagination=false&partial=true").is_ok());
        let far = paging("/x?page=4000000000").unwrap().request().unwrap();
        assert_eq!((far.page_size, far.skip), (30, i32::MAX));
        let most = "/x?page=99999999999999999999&itemsPerPage=99999999999999999999";
        let most = paging(most).unwrap();
        let request = most.request().unwrap();
        assert_eq!((request.page_size, request.skip), (100, i32::MAX));
        assert_eq!(most.cut(vec![1, 2, 3]), Vec::<i32>::new());
        let shown = most.collection("X", vec![], 3);
        assert_eq!(shown["hydra:view"]["hydra:next"], Value::Null);
    }

    proptest! {
        #[test]
        fn a_client_reaches_everything_by_the_links_alone(total in 0i64..250, per_page in 1u64..60) {
            let items: Vec<i64> = (0..total).collect();
            let mut url = Some(format!("/x?itemsPerPage={per_page}"));
            let mut seen = Vec::new();
            while let Some(next) = url {
                let paging = paging(&next).unwrap();
                seen.extend(paging.cut(items.clone()));
                let shown = paging.collection("X", vec![], total);
                url = shown["hydra:view"]["hydra:next"].as_str().map(str::to_owned);
            }
            prop_assert_eq!(seen, items);
        }
    }
}
