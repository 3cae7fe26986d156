use time::Duration;

use super::*;
use crate::links;
use crate::testing::{connection, email, identity, user};

#[tokio::test]
async fn a_new_invitation_voids_the_old_one() {
    let (identity, _database) = identity().await;
    let user_id = user(&identity, "a@x.example", None, false).await.user_id;
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    let link = |token| Link { token_hash: links::hash(token), expires_at: now + Duration::DAY };
    let (old, new) = (InvitationId::generate(), InvitationId::generate());
    put_invitation(tx, old, user_id, None, &link("old"), now).await.unwrap();
    put_invitation(tx, new, user_id, None, &link("new"), now).await.unwrap();
    assert!(lock_invitation(tx, old).await.unwrap().is_none());
    let kept = lock_invitation(tx, new).await.unwrap().unwrap();
    assert_eq!(kept.user_id, user_id);
    assert!(kept.link.opens("new", now) && !kept.link.opens("old", now));
    delete_invitation(tx, user_id).await.unwrap();
    assert!(lock_invitation(tx, new).await.unwrap().is_none());
}

#[tokio::test]
async fn links_are_forgotten_when_they_are_too_old() {
    let (identity, _database) = identity().await;
    let user_id = user(&identity, "a@x.example", None, false).await.user_id;
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    let link = Link { token_hash: links::hash("x"), expires_at: now + Duration::HOUR };
    let (proof_id, invitation_id) = (EmailProofId::generate(), InvitationId::generate());
    insert_proof(tx, proof_id, user_id, &email("b@x.example"), &link, now).await.unwrap();
    put_invitation(tx, invitation_id, user_id, None, &link, now).await.unwrap();
    delete_expired(&mut *tx, now).await.unwrap();
    let proof = lock_proof(tx, proof_id).await.unwrap().unwrap();
    assert_eq!((proof.user_id, proof.email.as_str()), (user_id, "b@x.example"));
    delete_expired(&mut *tx, now + Duration::HOUR).await.unwrap();
    assert!(lock_proof(tx, proof_id).await.unwrap().is_none());
    assert!(lock_invitation(tx, invitation_id).await.unwrap().is_none());
}

#[tokio::test]
async fn proofs_of_a_user_end_together() {
    let (identity, _database) = identity().await;
    let user_id = user(&identity, "a@x.example", None, false).await.user_id;
    let (tx, now) = (&mut *connection(&identity).await, identity.now());
    let link = Link { token_hash: links::hash("x"), expires_at: now + Duration::HOUR };
    let proof_id = EmailProofId::generate();
    insert_proof(tx, proof_id, user_id, &email("a@x.example"), &link, now).await.unwrap();
    delete_proofs(tx, user_id).await.unwrap();
    assert!(lock_proof(tx, proof_id).await.unwrap().is_none());
}
