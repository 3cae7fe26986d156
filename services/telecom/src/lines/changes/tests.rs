use brazil::{LineId, UserId};
use chassis::Service;
use prost::{Message, Name};
use proto::events::v1::{LineBlocked, LineCompanyChanged, LineNumberChanged};

use super::*;
use crate::lines::{BlockReason, NewLine, Status, store};
use crate::testing::{area, cause, events, iccid, new_line, service, stock};

struct Setting {
    lines: Lines,
    service: Service,
    line: Line,
}

/// A line of a company that works.
async fn setting() -> (Setting, impl Sized) {
    let (service, database) = service().await;
    stock(&service, area(), 3).await;
    let lines = Lines::new(service.clone(), "americanet".into());
    let line = order(&lines, &new_line()).await;
    (Setting { lines, service, line }, database)
}

async fn order(lines: &Lines, new: &NewLine) -> Line {
    lines
        .service
        .transaction(|mut tx| {
            Box::pin(async move {
                let line = lines.order(&mut tx, new.clone(), &cause()).await?;
                let (before, mut line) = (line.clone(), line);
                let activated = line.activate(lines.service.clock.now()).unwrap();
                lines.keep(&mut tx, &before, &line, activated, &cause()).await?;
                Ok::<_, Error>(line)
            })
        })
        .await
        .unwrap()
}

/// What is done to a line in a transaction of its own.
enum Deed {
    Company(CompanyId),
    Card(SimCardName),
    Number,
    User(Person),
    Cancel,
}

impl Setting {
    async fn is_done(&self, deed: &Deed) -> Result<Line, Error> {
        let (lines, line_id) = (&self.lines, self.line.line_id);
        self.service
            .transaction(|mut tx| {
                Box::pin(async move {
                    let (line, cause) = (lines.lock(&mut tx, line_id).await?, &cause());
                    match deed {
                        Deed::Company(id) => lines.change_company(&mut tx, line, *id, cause).await,
                        Deed::Card(name) => lines.change_sim_card(&mut tx, line, name, cause).await,
                        Deed::Number => lines.provision_number(&mut tx, line, None, cause).await,
                        Deed::User(who) => lines.attribute_user(&mut tx, line, *who, cause).await,
                        Deed::Cancel => lines.cancel(&mut tx, line, cause).await,
                    }
                })
            })
            .await
    }

    async fn deliver(&self, indexes: &[u32]) {
        let cards: Vec<_> = indexes.iter().map(|index| iccid(*index)).collect();
        let iccids: Vec<&str> = cards.iter().map(|card| card.as_str()).collect();
        let mut connection = self.service.db.acquire().await.unwrap();
        let (company_id, now) = (self.line.company_id.unwrap(), self.service.clock.now());
        sim_cards::store::add(
            &mut connection,
            company_id,
            sim_cards::Origin::default(),
            &iccids,
            now,
        )
        .await
        .unwrap();
    }

    /// Company, status and line of a card.
    async fn card(&self, index: u32) -> (CompanyId, String, Option<LineId>) {
        let (company_id, status, line_id): (uuid::Uuid, String, Option<uuid::Uuid>) =
            sqlx::query_as("select company_id, status, line_id from sim_card where iccid = $1")
                .bind(iccid(index).as_str())
                .fetch_one(&self.service.db)
                .await
                .unwrap();
        (CompanyId(company_id), status, line_id.map(LineId))
    }

    /// The newest event of a kind about the line.
    async fn told<M: Message + Name + Default>(&self) -> Option<M> {
        events(&self.service, self.line.line_id).await.pop()
    }

    async fn suspend(&self, company_id: CompanyId) {
        sqlx::query("insert into company_standing values ($1, 'suspended', $2)")
            .bind(company_id.0)
            .bind(self.service.clock.now())
            .execute(&self.service.db)
            .await
            .unwrap();
    }

    async fn actions(&self) -> Vec<String> {
        sqlx::query_scalar("select action from timeline_entry where line_id = $1 order by entry_id")
            .bind(self.line.line_id.0)
            .fetch_all(&self.service.db)
            .await
            .unwrap()
    }
}

fn by_iccid(index: u32) -> Deed {
    Deed::Card(SimCardName::Iccid(iccid(index)))
}

#[tokio::test]
async fn a_line_moves_to_another_company_with_its_card_and_back_to_its_debts() {
    let (setting, _database) = setting().await;
    setting.deliver(&[1]).await;
    setting.is_done(&by_iccid(1)).await.unwrap();
    let (old, new) = (setting.line.company_id.unwrap(), CompanyId::generate());
    setting.suspend(old).await;

    let moved = setting.is_done(&Deed::Company(new)).await.unwrap();
    assert_eq!((moved.company_id, moved.status), (Some(new), Status::Active));
    let line_id = Some(moved.line_id);
    assert_eq!(setting.card(1).await, (new, "in_use".to_owned(), line_id));
    let told: LineCompanyChanged = setting.told().await.unwrap();
    assert_eq!(told.company_id, Some(new.to_string()));
    assert_eq!(told.previous_company_id, Some(old.to_string()));

    let back = setting.is_done(&Deed::Company(old)).await.unwrap();
    assert_eq!(back.status, Status::Blocked);
    assert!(back.blocks.contains(&BlockReason::NoPay), "its company does not pay");
    assert_eq!(setting.told::<LineBlocked>().await.unwrap().reason, "no-pay");
    let freed = setting.is_done(&Deed::Company(new)).await.unwrap();
    assert_eq!(freed.status, Status::Active, "what one does not pay does not bar another");
    assert_eq!(store::find(&setting.service.db, freed.line_id).await.unwrap(), Some(freed));
}

#[tokio::test]
async fn another_card_retires_the_first_and_may_be_named_again() {
    let (setting, _database) = setting().await;
    setting.deliver(&[1, 2]).await;
    let first = setting.is_done(&by_iccid(1)).await.unwrap();
    assert_eq!(first.iccid, Some(iccid(1)));
    let last_seven = Deed::Card(SimCardName::LastSeven(iccid(2).last_seven().to_owned()));
    for _ in 0..2 {
        let second = setting.is_done(&last_seven).await.unwrap();
        assert_eq!(second.iccid, Some(iccid(2)));
        assert_eq!(second.phone_number, setting.line.phone_number, "the number stays");
    }
    assert_eq!(setting.card(1).await.1, "retired");
    assert_eq!(setting.card(2).await.1, "in_use");
    let changes = setting.actions().await;
    let changes = changes.iter().filter(|action| *action == "sim_card_changed").count();
    assert_eq!(changes, 2, "naming the same card again changes nothing");
    let gone = setting.is_done(&by_iccid(1)).await.unwrap_err();
    assert!(matches!(gone, Error::SimCardNotFound), "{gone}");
}

#[tokio::test]
async fn a_new_number_leaves_the_old_one_in_quarantine() {
    let (setting, _database) = setting().await;
    let old = setting.line.phone_number.clone().unwrap();
    let line = setting.is_done(&Deed::Number).await.unwrap();
    assert_ne!(line.phone_number, Some(old.clone()));
    let told: LineNumberChanged = setting.told().await.unwrap();
    assert_eq!(told.previous_phone_number.as_deref(), Some(old.as_str()));
    assert_eq!(Some(told.phone_number), line.phone_number.map(|number| number.to_string()));

    setting.is_done(&Deed::Number).await.unwrap();
    let none_left = setting.is_done(&Deed::Number).await.unwrap_err();
    assert!(matches!(none_left, Error::AreaCodeOutOfStock(_)), "{none_left}");
    let states: Vec<(String, i64)> =
        sqlx::query_as("select state, count(*) from phone_number group by 1 order by 1")
            .fetch_all(&setting.service.db)
            .await
            .unwrap();
    assert_eq!(states, [("assigned".to_owned(), 1), ("quarantined".to_owned(), 2)]);
}

#[tokio::test]
async fn an_ended_line_frees_what_it_had_and_stays_ended() {
    let (setting, _database) = setting().await;
    setting.deliver(&[1]).await;
    setting.is_done(&by_iccid(1)).await.unwrap();
    for _ in 0..2 {
        let ended = setting.is_done(&Deed::Cancel).await.unwrap();
        assert_eq!(ended.status, Status::Cancelled);
    }
    assert_eq!(setting.card(1).await.1, "retired");
    let actions = setting.actions().await;
    let expected = ["ordered", "number_taken", "activated", "sim_card_changed", "cancelled"];
    assert_eq!(actions, expected, "its end is told once");
    for deed in [Deed::Company(CompanyId::generate()), by_iccid(1), Deed::Number] {
        let refused = setting.is_done(&deed).await.unwrap_err();
        assert!(matches!(refused, Error::Line(_, Refusal::Cancelled)), "{refused}");
    }
}

#[tokio::test]
async fn a_person_sees_a_line_whichever_comes_first_the_line_or_the_proof() {
    let (setting, _database) = setting().await;
    let (lines, service) = (&setting.lines, &setting.service);
    let prove = async |user_id: UserId| {
        service
            .transaction(|mut tx| {
                Box::pin(async move { lines.prove_email(&mut tx, user_id, &[]).await })
            })
            .await
            .unwrap();
    };
    let unproven = |user_id| Deed::User(Person { user_id, email_is_proven: false });
    let visible = async || {
        let line = store::find(&service.db, setting.line.line_id).await.unwrap().unwrap();
        line.visible_to_user
    };
    let early = UserId::generate();
    setting.is_done(&unproven(early)).await.unwrap();
    assert!(!visible().await);
    prove(early).await;
    assert!(visible().await);

    let late = UserId::generate();
    prove(late).await;
    // Identity was asked a moment before it told of the proof.
    setting.is_done(&unproven(late)).await.unwrap();
    assert!(visible().await);
}

#[tokio::test]
async fn a_line_tied_to_an_account_that_made_way_is_the_owners() {
    let (setting, _database) = setting().await;
    let (lines, service) = (&setting.lines, &setting.service);
    let (squatter, owner) = (UserId::generate(), UserId::generate());
    service
        .transaction(|mut tx| {
            Box::pin(async move {
                lines.pass_on(&mut tx, squatter, owner).await?;
                lines.prove_email(&mut tx, owner, &[]).await
            })
        })
        .await
        .unwrap();
    let person = Person { user_id: squatter, email_is_proven: false };
    let line = setting.is_done(&Deed::User(person)).await.unwrap();
    assert_eq!((line.user_id, line.visible_to_user), (Some(owner), true));
}
