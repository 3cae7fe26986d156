//! Programs and people of schools.

use harness::{Rest, World, unique, with_token};
use local::Part;
use local::demo::PartnerAccount;
use proto::company::v1::school_service_client::SchoolServiceClient;
use proto::company::v1::{
    PutSchoolIntegrationRequest, PutSchoolRequest, PutTenantRequest, SchoolInput,
    SchoolIntegrationInput, TenantInput,
};
use proto::identity::v1::client_app_service_client::ClientAppServiceClient;
use proto::identity::v1::school_people_service_client::SchoolPeopleServiceClient;
use proto::identity::v1::{
    ClientAppInput, GuardianshipInput, InviteSchoolPersonRequest, PersonDocument,
    ProductConsumptionInput, PutClientAppRequest, PutGuardianshipRequest,
    PutProductConsumptionRequest, PutSchoolPersonRequest, PutSchoolPersonResponse,
    SchoolPersonInput,
};
use serde_json::json;
use tonic::transport::Channel;

/// Asks `/oauth2/token` for a token.
pub(super) async fn token(world: &World, client_id: &str, client_secret: &str) -> harness::Answer {
    let form = format!(
        "grant_type=client_credentials&client_id={client_id}&client_secret={client_secret}"
    );
    world.rest().post_raw("/oauth2/token", "application/x-www-form-urlencoded", form).await
}

/// A program with a token.
pub(super) async fn program(world: &World, client_id: &str, client_secret: &str) -> Rest {
    let answer = token(world, client_id, client_secret).await.expect(200);
    world.rest().with_token(answer["access_token"].as_str().expect("a token"))
}

pub(super) fn partner(world: &World) -> &PartnerAccount {
    world.demo.partner.as_ref().expect("a partner")
}

pub(super) fn other_partner(world: &World) -> &PartnerAccount {
    world.demo.other_partner.as_ref().expect("another partner")
}

/// The program of a demo partner.
pub(super) async fn program_of(world: &World, partner: &PartnerAccount) -> Rest {
    program(world, &partner.client_id, &partner.client_secret).await
}

/// The operator, who calls the services.
pub(super) struct Operator<'a> {
    pub(super) world: &'a World,
    pub(super) token: String,
}

/// A school that a test made, and a program that reads of it.
pub(super) struct Place {
    pub(super) reference: String,
    pub(super) school_id: String,
    pub(super) called: String,
    pub(super) client_id: String,
    pub(super) program: Rest,
}

impl<'a> Operator<'a> {
    pub(super) async fn of(world: &'a World) -> Self {
        let account = &world.demo.operator;
        let body = json!({"email": account.email, "password": account.password});
        let answer = world.rest().post("/login", &body).await.expect(200);
        Self { world, token: answer["access_token"].as_str().expect("a token").to_owned() }
    }

    pub(super) fn schools(&self) -> SchoolServiceClient<Channel> {
        SchoolServiceClient::new(self.world.channel(Part::Company))
    }

    pub(super) fn people(&self) -> SchoolPeopleServiceClient<Channel> {
        SchoolPeopleServiceClient::new(self.world.channel(Part::Identity))
    }

    pub(super) fn apps(&self) -> ClientAppServiceClient<Channel> {
        ClientAppServiceClient::new(self.world.channel(Part::Identity))
    }

    pub(super) async fn app(&self, client_id: &str, inactive: bool) -> Option<String> {
        let client_app = Some(ClientAppInput {
            client_id: client_id.to_owned(),
            name: "App".to_owned(),
            product: "produto".to_owned(),
            inactive,
        });
        let request = with_token(PutClientAppRequest { client_app }, &self.token);
        self.apps().put_client_app(request).await.expect("it is put").into_inner().client_secret
    }

    /// A school of a tenant of its own.
    pub(super) async fn school(&self, reference: &str, inactive: bool) -> String {
        let tenant = Some(TenantInput {
            reference: format!("grupo-{reference}"),
            name: format!("Grupo {reference}"),
            brand: "TESTE".to_owned(),
            inactive: false,
        });
        let request = with_token(PutTenantRequest { tenant }, &self.token);
        self.schools().put_tenant(request).await.expect("it is put");
        let school = Some(SchoolInput {
            reference: reference.to_owned(),
            tenant_reference: format!("grupo-{reference}"),
            trade_name: format!("Escola {reference}"),
            company_name: format!("Escola {reference} Ltda"),
            inactive,
            ..SchoolInput::default()
        });
        let request = with_token(PutSchoolRequest { school }, &self.token);
        self.schools().put_school(request).await.expect("it is put").into_inner().school_id
    }

    pub(super) async fn integration(&self, client_id: &str, school: &str, called: &str) {
        self.put_integration(client_id, school, called, false).await;
    }

    /// Takes from a program what [`Operator::integration`] gave it.
    pub(super) async fn no_integration(&self, client_id: &str, school: &str, called: &str) {
        self.put_integration(client_id, school, called, true).await;
    }

    async fn put_integration(&self, client_id: &str, school: &str, called: &str, inactive: bool) {
        let integration = Some(SchoolIntegrationInput {
            client_id: client_id.to_owned(),
            school_reference: school.to_owned(),
            external_integration_id: "INT".to_owned(),
            school_external_id: called.to_owned(),
            inactive,
        });
        let request = with_token(PutSchoolIntegrationRequest { integration }, &self.token);
        self.schools().put_school_integration(request).await.expect("it is put");
    }

    /// A school and a program of their own.
    pub(super) async fn place(&self) -> Place {
        let name = unique();
        let (reference, client_id) = (format!("escola-{name}"), format!("app-{name}"));
        let secret = self.app(&client_id, false).await.expect("a secret");
        let school_id = self.school(&reference, false).await;
        // What ends in a number could begin what another school is called.
        let called = format!("ESC-{name}-Z");
        self.integration(&client_id, &reference, &called).await;
        let program = program(self.world, &client_id, &secret).await;
        Place { reference, school_id, called, client_id, program }
    }

    pub(super) async fn person(
        &self,
        school_id: &str,
        reference: &str,
        profile: &str,
        adjust: impl FnOnce(&mut SchoolPersonInput),
    ) -> PutSchoolPersonResponse {
        let mut person = SchoolPersonInput {
            reference: reference.to_owned(),
            external_id: Some(format!("EXT-{reference}")),
            name: format!("Pessoa {reference}"),
            birth_date: Some("2012-06-15".to_owned()),
            document: Some(PersonDocument {
                r#type: "RG".to_owned(),
                value: "MG-12.345.678".to_owned(),
            }),
            email: Some(harness::email()),
            profiles: vec![profile.to_owned()],
            ..SchoolPersonInput::default()
        };
        adjust(&mut person);
        let put = PutSchoolPersonRequest { school_id: school_id.to_owned(), person: Some(person) };
        let request = with_token(put, &self.token);
        self.people().put_school_person(request).await.expect("it is put").into_inner()
    }

    pub(super) async fn consumes(&self, school_id: &str, person: &str, client_id: &str, yes: bool) {
        let consumption = Some(ProductConsumptionInput {
            person_reference: person.to_owned(),
            client_id: client_id.to_owned(),
            inactive: !yes,
        });
        let put = PutProductConsumptionRequest { school_id: school_id.to_owned(), consumption };
        let request = with_token(put, &self.token);
        self.people().put_product_consumption(request).await.expect("it is put");
    }

    pub(super) async fn guards(&self, school_id: &str, guardian: &str, dependent: &str) {
        let guardianship = Some(GuardianshipInput {
            guardian_reference: guardian.to_owned(),
            dependent_reference: dependent.to_owned(),
            inactive: false,
        });
        let put = PutGuardianshipRequest { school_id: school_id.to_owned(), guardianship };
        let request = with_token(put, &self.token);
        self.people().put_guardianship(request).await.expect("it is put");
    }

    /// Somebody who was put into a school, and logs in by the mailed link.
    pub(super) async fn logged_in(
        &self,
        school_id: &str,
        reference: &str,
        profile: &str,
    ) -> (PutSchoolPersonResponse, Rest) {
        let email = harness::email();
        let put = self
            .person(school_id, reference, profile, |person| person.email = Some(email.clone()))
            .await;
        let invite = InviteSchoolPersonRequest { person_id: put.person_id.clone() };
        self.people().invite_school_person(with_token(invite, &self.token)).await.expect("a mail");
        let link = self.world.mailed_path(&email).await;
        let (path, secret) = link.split_once("?token=").expect("a secret");
        let body = json!({"token": secret, "password": "Passw0rd!"});
        self.world.rest().post(&format!("{path}/accept"), &body).await.expect(200);
        (put, self.world.rest().log_in(&email, "Passw0rd!").await)
    }
}
