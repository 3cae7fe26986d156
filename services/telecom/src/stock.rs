//! The gRPC service of what lines are made of; its rpcs live with the numbers and the cards.

use std::sync::Arc;

use chassis::Service;
use proto::telecom::v1 as pb;
use proto::telecom::v1::stock_service_server::StockService;
use tonic::{Request, Response, Status};

use crate::{numbers, sim_cards};

/// Answers the rpcs of StockService.
pub(crate) struct Stock {
    service: Service,
    provider: Arc<str>,
}

impl Stock {
    /// `provider` is the carrier of cards whose request names none.
    pub(crate) fn new(service: Service, provider: Arc<str>) -> Self {
        Self { service, provider }
    }
}

#[tonic::async_trait]
impl StockService for Stock {
    async fn add_phone_numbers(
        &self,
        request: Request<pb::AddPhoneNumbersRequest>,
    ) -> Result<Response<pb::AddPhoneNumbersResponse>, Status> {
        numbers::rpc::add_phone_numbers(&self.service, request).await
    }

    async fn add_sim_cards(
        &self,
        request: Request<pb::AddSimCardsRequest>,
    ) -> Result<Response<pb::AddSimCardsResponse>, Status> {
        sim_cards::rpc::add_sim_cards(&self.service, &self.provider, request).await
    }

    async fn list_sim_cards(
        &self,
        request: Request<pb::ListSimCardsRequest>,
    ) -> Result<Response<pb::ListSimCardsResponse>, Status> {
        sim_cards::rpc::list_sim_cards(&self.service, request).await
    }
}
