//! Phone numbers over gRPC.

use brazil::AreaCode;
use chassis::Service;
use chassis::refusal::Fields;
use proto::telecom::v1 as pb;
use tonic::{Request, Response, Status};

use super::{InvalidRange, NumberRange, store};
use crate::error::Error;
use crate::lines::ServeWaitingLines;

/// Answers AddPhoneNumbers.
pub(crate) async fn add_phone_numbers(
    service: &Service,
    request: Request<pb::AddPhoneNumbersRequest>,
) -> Result<Response<pb::AddPhoneNumbersResponse>, Status> {
    let range = parse(request.get_ref())?;
    service
        .once(&request, |mut tx| {
            Box::pin(async move {
                let created = store::add_range(&mut tx, range, service.clock.now()).await?;
                ServeWaitingLines::enqueue(&mut tx, service, range.area_code()).await?;
                let existing = range.size() - created;
                Ok::<_, Error>(pb::AddPhoneNumbersResponse { created, existing })
            })
        })
        .await
}

fn parse(request: &pb::AddPhoneNumbersRequest) -> Result<NumberRange, Status> {
    let mut fields = Fields::new();
    let area_code = AreaCode::try_from(request.area_code)
        .map_err(|error| fields.refuse("area_code", error.to_string()));
    let first = fields.required("first_number", &request.first_number);
    let last = fields.required("last_number", &request.last_number);
    let (Ok(area_code), Some(first), Some(last)) = (area_code, first, last) else {
        return Err(fields.into_status());
    };
    NumberRange::new(area_code, &first, &last).map_err(|invalid| {
        let (field, message) = match invalid {
            InvalidRange::FirstElsewhere => ("first_number", "is not of this area"),
            InvalidRange::LastElsewhere => ("last_number", "is not of this area"),
            InvalidRange::Backwards => ("last_number", "comes before first_number"),
            InvalidRange::TooLong => ("last_number", "is more than 100,000 numbers away"),
        };
        fields.refuse(field, message);
        fields.into_status()
    })
}

#[cfg(test)]
mod tests {
    use chassis::refusal::Refusal;

    use super::*;

    fn violations(area_code: u32, first: &str, last: &str) -> Vec<String> {
        let request = pb::AddPhoneNumbersRequest {
            area_code,
            first_number: first.to_owned(),
            last_number: last.to_owned(),
        };
        let violations = |status| Refusal::of(&status).violations;
        let violations = parse(&request).err().map(violations).unwrap_or_default();
        violations.into_iter().map(|broken| broken.field).collect()
    }

    #[test]
    fn each_wrong_field_is_named() {
        assert!(violations(41, "+5541900000000", "+5541900000009").is_empty());
        assert_eq!(violations(20, "x", ""), ["area_code", "first_number", "last_number"]);
        assert_eq!(violations(41, "+554133330000", "+5541900000009"), ["first_number"]);
        assert_eq!(violations(41, "+5511900000000", "+5541900000009"), ["first_number"]);
        assert_eq!(violations(41, "+5541900000000", "+5511900000009"), ["last_number"]);
        assert_eq!(violations(41, "+5541900000009", "+5541900000000"), ["last_number"]);
        assert_eq!(violations(41, "+5541900000000", "+5541900100000"), ["last_number"]);
    }
}
