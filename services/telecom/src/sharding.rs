//! Telecom's tables can be spread over machines by company; see deploy/kubernetes/README.md.

use chassis::auth::Role;
use chassis::testing::sharding::{Exceptions, Hot, check, check_hot};
use chassis::testing::statements::statements_of;
use proto::common::v1::Permission;
use proto::telecom::v1 as pb;
use proto::telecom::v1::extension_service_server::ExtensionService;
use proto::telecom::v1::line_search_service_server::LineSearchService;
use proto::telecom::v1::line_service_server::LineService;

use crate::MIGRATIONS;
use crate::calls::testing::World;
use crate::error::Error;
use crate::extensions::Extensions;
use crate::lines::{Lines, NewLine};
use crate::portability::tests::{Setting, number, setting};
use crate::portability::{Message, Saying};
use crate::search::{Counting, Search};
use crate::testing::{area, cause, new_line, stock};

const EXCEPTIONS: Exceptions = Exceptions {
    tables: &[
        ("parcel_carrier_token", "the operator's account, on one machine"),
        ("known_user", "a copy of what identity says, small, on every machine"),
        ("person", "a copy of what identity says, on every machine"),
        ("phone_number", "the stock is the operator's, and on one machine"),
        ("port_in_message", "forgotten after days, and on one machine with the stock"),
    ],
    keys: &[
        ("line_number_live", "the stock's row is locked before a line takes the number"),
        ("line_sim_card_live", "the stock's row is locked before a line takes the card"),
        ("parcel_carrier_token_pkey", "on one machine"),
        ("phone_number_pkey", "of the stock"),
        ("sim_card_pkey", "of the stock"),
        (
            "port_in_open_number",
            "held by this key only: to be kept beside the stock, on one machine, before port-ins spread",
        ),
        (
            "port_in_protocol_key",
            "its digits are the random part of the id: a clash is as rare on many machines",
        ),
        ("port_in_message_pkey", "on one machine"),
        ("extension_pkey", "numbers come from one sequence"),
        ("call_live", "an extension is of one company"),
    ],
};

#[tokio::test]
async fn every_unique_key_is_held_by_one_machine() {
    let (service, _database) = chassis::testing::service("telecom", &MIGRATIONS, vec![]).await;
    check(&service, &EXCEPTIONS).await;
}

const KNOWN: &str = "its id, or that of its extension, is known and finds few rows by a key";

/// What a message about a port-in asks for: first whom it is about, then for what it changes.
const MESSAGE: [Hot; 2] = [
    Hot {
        rpc: "ReceivePortInMessage, which request it means",
        across: &[("port_in", "a message names the number, and nobody's company")],
    },
    Hot { rpc: "ReceivePortInMessage", across: &[] },
];

#[tokio::test]
async fn a_message_asks_all_companies_only_whose_number_it_is_about() {
    let (setting, _database) = setting().await;
    let Setting { portability, service, .. } = &setting;
    let line_id = setting.line(true).await;
    setting.requested(line_id, &number(1)).await;
    let message = &Message {
        message_id: "1".to_owned(),
        number: number(1),
        ticket_id: None,
        saying: Saying::Approve,
        said_at: service.clock.now(),
    };
    let (meant, look_up) = statements_of(portability.meant(message)).await;
    let meant = meant.unwrap();
    let (taken, take_in) = statements_of(portability.take_in(&meant, message)).await;
    assert_ne!(taken.unwrap(), meant, "it says something new");
    check_hot(service, MESSAGE.iter().zip(&[look_up, take_in])).await;
}

/// What the busiest rpcs ask for that is not of one company.
const HOT: [Hot; 8] = [
    Hot { rpc: "ListMyLines", across: &[("line", "a person has lines of any companies")] },
    Hot { rpc: "GetLine", across: &[] },
    Hot { rpc: "SearchLines", across: &[] },
    Hot { rpc: "OrderLine", across: &[("line", KNOWN)] },
    Hot { rpc: "ListExtensions", across: &[] },
    Hot { rpc: "Dial", across: &[("call", KNOWN)] },
    Hot { rpc: "HangUp", across: &[("call", KNOWN)] },
    Hot { rpc: "ListCalls", across: &[] },
];

#[tokio::test]
async fn what_the_busiest_rpcs_ask_for_is_of_one_company() {
    let world = World::new(10).await;
    let (service, company_id) = (world.service(), world.company_id);
    stock(service, area(), 1).await;
    let lines = &Lines::new(service.clone(), "americanet".into());
    let new = &NewLine { company_id: Some(company_id), ..new_line() };
    let ordering = service.transaction(|mut tx| {
        Box::pin(async move {
            lines.order(&mut tx, new.clone(), &cause()).await?;
            Ok::<_, Error>(())
        })
    });
    let (ordered, order_line) = statements_of(ordering).await;
    ordered.unwrap();

    let mine = world.request(Role::Member, Permission::LinesRead, pb::ListMyLinesRequest {});
    let (_, list_my_lines) = statements_of(lines.list_my_lines(mine)).await;
    let one = pb::GetLineRequest { line_id: new.line_id.to_string() };
    let one = world.request(Role::Member, Permission::LinesRead, one);
    let (got, get_line) = statements_of(lines.get_line(one)).await;
    got.unwrap();
    let search = Search { service: service.clone(), counting: Counting::default() };
    let message = pb::SearchLinesRequest {
        company_id: company_id.to_string(),
        search_term: "4199".to_owned(),
        page: None,
    };
    let message = world.request(Role::Member, Permission::LinesRead, message);
    let (found, search_lines) = statements_of(search.search_lines(message)).await;
    found.unwrap();

    world.extension("101", None).await;
    let all = pb::ListExtensionsRequest { company_id: company_id.to_string(), query: None };
    let all = world.request(Role::Member, Permission::ExtensionsRead, all);
    let extensions = Extensions { service: service.clone() };
    let (listed, list_extensions) = statements_of(extensions.list_extensions(all)).await;
    listed.unwrap();
    let (dialled, dial) = statements_of(world.dial("101", "+5541991234567")).await;
    let (ended, hang_up) = statements_of(world.hang_up(dialled.unwrap())).await;
    ended.unwrap();
    let (_, list_calls) = statements_of(world.list()).await;

    let asked = [
        list_my_lines,
        get_line,
        search_lines,
        order_line,
        list_extensions,
        dial,
        hang_up,
        list_calls,
    ];
    check_hot(service, HOT.iter().zip(&asked)).await;
}
