//! A question about enterprises as a request asks it, checked.

use brazil::CompanyId;
use chassis::refusal::{Fields, invalid};
use proto::common::v1::{TextMatch, TextOperator};
use proto::company::v1 as pb;
use proto::telecom::v1::{ChipCondition, ChipField, DeviceCondition, DeviceField};
use tonic::Status;

use super::list::{Filter, Key, Operator, Part, Question};

const FILTERS_MAX: usize = 100;
const ORDERS_MAX: usize = 4;
const SEARCH_MAX: usize = 100;
const VALUE_MAX: usize = 1_000;
const LIMIT_MAX: u32 = 100;
const LIMIT_DEFAULT: u32 = 15;

/// What is read along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Includes {
    pub(super) devices: bool,
    pub(super) parent: bool,
    pub(super) addresses: bool,
    pub(super) document: bool,
    pub(super) country: bool,
}

impl Includes {
    /// # Errors
    /// INVALID_ARGUMENT.
    pub(super) fn parse(given: &[i32]) -> Result<Self, Status> {
        let mut includes = Self::default();
        for include in given {
            match pb::EnterpriseInclude::try_from(*include) {
                Ok(pb::EnterpriseInclude::Devices) => includes.devices = true,
                Ok(pb::EnterpriseInclude::Parent) => includes.parent = true,
                Ok(pb::EnterpriseInclude::Addresses) => includes.addresses = true,
                Ok(pb::EnterpriseInclude::Document) => includes.document = true,
                Ok(pb::EnterpriseInclude::Country) => includes.country = true,
                Ok(pb::EnterpriseInclude::Unspecified) | Err(_) => {
                    return Err(invalid("includes", "names what cannot be read along"));
                }
            }
        }
        Ok(includes)
    }
}

/// A question that was understood.
#[derive(Debug)]
pub(super) struct Asked {
    filters: Vec<Filter>,
    /// What telecom is asked.
    pub(super) chips: Vec<ChipCondition>,
    pub(super) devices: Vec<DeviceCondition>,
    search: String,
    order: Vec<(Key, bool)>,
    skip: i64,
    limit: i64,
    pub(super) includes: Includes,
}

impl Asked {
    /// # Errors
    /// INVALID_ARGUMENT with field violations.
    pub(super) fn parse(given: &pb::ListEnterprisesRequest) -> Result<Self, Status> {
        let mut fields = Fields::new();
        if given.filters.len() > FILTERS_MAX {
            fields.refuse("filters", format!("has more than {FILTERS_MAX} conditions"));
        }
        if given.order_by.len() > ORDERS_MAX {
            fields.refuse("order_by", format!("has more than {ORDERS_MAX} keys"));
        }
        if given.limit > LIMIT_MAX {
            fields.refuse("limit", format!("is more than {LIMIT_MAX}"));
        }
        check_text(&mut fields, "search", &given.search, SEARCH_MAX);
        let limit = if given.limit == 0 { LIMIT_DEFAULT } else { given.limit }.into();
        let skip = i64::try_from(given.page.saturating_sub(1)).unwrap_or(i64::MAX);
        let mut asked = Self {
            filters: vec![],
            chips: vec![],
            devices: vec![],
            search: given.search.clone(),
            order: vec![],
            skip: skip.saturating_mul(limit),
            limit,
            includes: Includes::parse(&given.includes)?,
        };
        for filter in given.filters.iter().take(FILTERS_MAX) {
            asked.add(&mut fields, filter);
        }
        for order in given.order_by.iter().take(ORDERS_MAX) {
            match key(order.key()) {
                Some(key) => asked.order.push((key, order.descending)),
                None => fields.refuse("order_by", "names no key"),
            }
        }
        if asked.order.is_empty() {
            asked.order.push((Key::Name, false));
        }
        fields.check()?;
        Ok(asked)
    }

    fn add(&mut self, fields: &mut Fields, filter: &pb::EnterpriseFilter) {
        let Some(wanted) = filter.r#match.clone() else {
            fields.refuse("filters", "has a condition without a value");
            return;
        };
        let Some(operator) = operator(wanted.operator()) else {
            fields.refuse("filters", "has a condition without an operator");
            return;
        };
        check_text(fields, "filters", &wanted.value, VALUE_MAX);
        match filter.field() {
            pb::EnterpriseField::Name => self.filters.push(Filter::Name(operator, wanted.value)),
            pb::EnterpriseField::Cnpj => self.filters.push(Filter::Cnpj(operator, wanted.value)),
            pb::EnterpriseField::ChipSerial => self.add_chip(ChipField::Serial, wanted),
            pb::EnterpriseField::ChipNumber => self.add_chip(ChipField::Number, wanted),
            pb::EnterpriseField::ChipCarrier => self.add_chip(ChipField::Carrier, wanted),
            pb::EnterpriseField::ChipServiceProvider => {
                self.add_chip(ChipField::ServiceProvider, wanted);
            }
            pb::EnterpriseField::ChipBatch => self.add_chip(ChipField::Batch, wanted),
            pb::EnterpriseField::DeviceName => self.add_device(DeviceField::Name, wanted),
            pb::EnterpriseField::DeviceImei => self.add_device(DeviceField::Imei, wanted),
            pb::EnterpriseField::DeviceCode => self.add_device(DeviceField::Code, wanted),
            pb::EnterpriseField::Unspecified => {
                fields.refuse("filters", "has a condition on no field");
            }
        }
    }

    fn add_chip(&mut self, field: ChipField, wanted: TextMatch) {
        self.chips.push(ChipCondition { field: field.into(), r#match: Some(wanted) });
    }

    fn add_device(&mut self, field: DeviceField, wanted: TextMatch) {
        self.devices.push(DeviceCondition { field: field.into(), r#match: Some(wanted) });
    }

    pub(super) fn sorts_by(&self, key: Key) -> bool {
        self.order.iter().any(|(by, _)| *by == key)
    }

    /// Whether only those with certain chips or devices are meant.
    pub(super) fn has_conditions(&self) -> bool {
        !self.chips.is_empty() || !self.devices.is_empty()
    }

    /// What it sorts by first, where that is what telecom knows.
    pub(super) fn order_by_chips(&self) -> &[(Key, bool)] {
        let by_chips = self.order.iter().take_while(|(key, _)| key.is_of_chips()).count();
        &self.order[..by_chips]
    }

    /// Whether it sorts by what telecom knows.
    pub(super) fn sorts_by_chips(&self) -> bool {
        self.order.iter().any(|(key, _)| key.is_of_chips())
    }

    /// The part that is about what this service knows.
    pub(super) fn question(&self, own: CompanyId) -> Question {
        Question {
            own,
            filters: self.filters.clone(),
            search: self.search.clone(),
            part: Part::All,
            order: self.order.clone(),
            skip: self.skip,
            limit: self.limit,
        }
    }
}

fn check_text(fields: &mut Fields, field: &str, text: &str, max: usize) {
    if text.chars().count() > max {
        fields.refuse(field, format!("has more than {max} characters"));
    } else if text.chars().any(char::is_control) {
        fields.refuse(field, "has control characters");
    }
}

fn operator(operator: TextOperator) -> Option<Operator> {
    match operator {
        TextOperator::Equal => Some(Operator::Equal),
        TextOperator::NotEqual => Some(Operator::NotEqual),
        TextOperator::Contains => Some(Operator::Contains),
        TextOperator::StartsWith => Some(Operator::StartsWith),
        TextOperator::EndsWith => Some(Operator::EndsWith),
        TextOperator::Unspecified => None,
    }
}

fn key(key: pb::EnterpriseSortKey) -> Option<Key> {
    match key {
        pb::EnterpriseSortKey::Name => Some(Key::Name),
        pb::EnterpriseSortKey::CreatedAt => Some(Key::CreatedAt),
        pb::EnterpriseSortKey::Number => Some(Key::Number),
        pb::EnterpriseSortKey::Serial => Some(Key::Serial),
        pb::EnterpriseSortKey::Unspecified => None,
    }
}
