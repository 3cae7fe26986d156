//! What can be asked, in one table: methods, what they take and what they give.

use axum::http::Method;

/// What an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// No body.
    Nothing,
    /// JSON, by the name of its schema.
    Json(&'static str),
    /// JSON, by the name of its schema, of which no member is needed.
    PerhapsJson(&'static str),
    /// A merge patch, by the name of its schema.
    Patch(&'static str),
    /// A file.
    File,
}

/// What an operation gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// Something, by the name of its schema.
    Item(&'static str),
    /// Something new, by the name of its schema.
    New(&'static str),
    /// A collection of something, by the name of its schema.
    Collection(&'static str),
    /// Nothing.
    Nothing,
    /// A picture.
    Picture,
    /// A page for people.
    Page,
    /// A JSON-LD context.
    Context,
}

/// An operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) method: &'static Method,
    pub(super) path: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) takes: Takes,
    pub(super) gives: Gives,
    /// Whether it needs no token.
    pub(super) is_public: bool,
}

const fn get(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    gives: Gives,
) -> Operation {
    let (method, takes) = (&Method::GET, Takes::Nothing);
    Operation { method, path, id, summary, takes, gives, is_public: false }
}

const fn post(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    takes: Takes,
    schema: &'static str,
) -> Operation {
    let (method, gives) = (&Method::POST, Gives::New(schema));
    Operation { method, path, id, summary, takes, gives, is_public: false }
}

const fn patch(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    takes: &'static str,
    schema: &'static str,
) -> Operation {
    let (method, takes, gives) = (&Method::PATCH, Takes::Patch(takes), Gives::Item(schema));
    Operation { method, path, id, summary, takes, gives, is_public: false }
}

const fn public(operation: Operation) -> Operation {
    Operation { is_public: true, ..operation }
}

use Gives::{Collection, Context, Item, Nothing, Page, Picture};
use Takes::{File, Json, PerhapsJson};

/// All of them; a fixed path stands before one with a name in it.
pub(super) const OPERATIONS: &[Operation] = &[
    public(Operation {
        gives: Item("Session"),
        ..post("/api/login", "login", "Log in", Json("Login"), "Session")
    }),
    public(get("/contexts/{type}", "getContext", "Read a JSON-LD context", Context)),
    get(
        "/organizations",
        "listOrganizations",
        "List one's organizations",
        Collection("Organization"),
    ),
    post(
        "/organizations",
        "createOrganization",
        "Open an organization",
        Json("NewOrganization"),
        "Organization",
    ),
    post(
        "/organizations/clear",
        "clearOrganization",
        "Clear a demo organization",
        PerhapsJson("Nothing"),
        "Organization",
    ),
    post("/organizations/icon", "putIcon", "Upload the icon", File, "Organization"),
    post("/organizations/logo", "putLogo", "Upload the logo", File, "Organization"),
    get("/organizations/mail-footer", "getMailFooter", "Read the mail footer", Item("MailFooter")),
    patch(
        "/organizations/mail-footer",
        "setMailFooter",
        "Change the mail footer",
        "MailFooterChange",
        "MailFooter",
    ),
    get("/organizations/{id}", "getOrganization", "Read an organization", Item("Organization")),
    get("/organizations/{id}/icon", "getIcon", "Read the icon", Picture),
    get("/organizations/{id}/logo", "getLogo", "Read the logo", Picture),
    get("/locations", "listLocations", "List locations", Collection("Location")),
    post("/locations", "createLocation", "Add a location", Json("LocationInput"), "Location"),
    get("/locations/{id}", "getLocation", "Read a location", Item("Location")),
    patch("/locations/{id}", "updateLocation", "Change a location", "LocationInput", "Location"),
    get("/countries", "listCountries", "List countries", Collection("Country")),
    get("/countries/{id}", "getCountry", "Read a country", Item("Country")),
    get("/languages", "listLanguages", "List languages", Collection("Language")),
    post("/languages", "createLanguage", "Add a language", Json("LanguageInput"), "Language"),
    get("/languages/{id}", "getLanguage", "Read a language", Item("Language")),
    get("/meetings", "listMeetings", "List meetings", Collection("Meeting")),
    post("/meetings", "createMeeting", "Add a meeting", Json("MeetingInput"), "Meeting"),
    get("/meetings/{id}", "getMeeting", "Read a meeting", Item("Meeting")),
    patch("/meetings/{id}", "updateMeeting", "Change a meeting", "MeetingInput", "Meeting"),
    post(
        "/integrations/kontomatik/setup",
        "setupBank",
        "Connect a bank",
        Json("BankSetup"),
        "Integration",
    ),
    post(
        "/integrations/kontomatik/pull",
        "pullTransactions",
        "Import transactions",
        PerhapsJson("BankPull"),
        "Integration",
    ),
    post(
        "/integrations/kontomatik/revoke",
        "revokeBank",
        "End a bank connection",
        PerhapsJson("BankRevocation"),
        "Integration",
    ),
    get("/integrations/{id}", "getIntegration", "Read what became of it", Item("Integration")),
    get(
        "/bank-connections",
        "listBankConnections",
        "List bank connections",
        Collection("BankConnection"),
    ),
    get(
        "/bank-connections/{id}",
        "getBankConnection",
        "Read a bank connection",
        Item("BankConnection"),
    ),
    get(
        "/bank-connections/{id}/transactions",
        "listTransactions",
        "List what was imported",
        Collection("Transaction"),
    ),
    get(
        "/organization-addresses",
        "listOrganizationAddresses",
        "List addresses",
        Collection("OrganizationAddress"),
    ),
    post(
        "/organization-addresses",
        "createOrganizationAddress",
        "Add an address",
        Json("OrganizationAddressInput"),
        "OrganizationAddress",
    ),
    get(
        "/organization-addresses/{id}",
        "getOrganizationAddress",
        "Read an address",
        Item("OrganizationAddress"),
    ),
    patch(
        "/organization-addresses/{id}",
        "updateOrganizationAddress",
        "Change an address",
        "OrganizationAddressInput",
        "OrganizationAddress",
    ),
    get(
        "/payment-methods",
        "listPaymentMethods",
        "List payment methods",
        Collection("PaymentMethod"),
    ),
    post(
        "/payment-methods",
        "createPaymentMethod",
        "Add a payment method",
        Json("PaymentMethodInput"),
        "PaymentMethod",
    ),
    get(
        "/payment-methods/{id}",
        "getPaymentMethod",
        "Read a payment method",
        Item("PaymentMethod"),
    ),
    get("/subscriptions", "listSubscriptions", "List subscriptions", Collection("Subscription")),
    post(
        "/subscriptions",
        "createSubscription",
        "Subscribe",
        Json("SubscriptionInput"),
        "Subscription",
    ),
    post(
        "/subscriptions/apply-coupon",
        "applyCoupon",
        "Apply a coupon",
        Json("CouponInput"),
        "Subscription",
    ),
    post(
        "/subscriptions/clear-coupon",
        "clearCoupon",
        "Take the coupon off",
        PerhapsJson("CouponClearing"),
        "Subscription",
    ),
    get("/subscriptions/{id}", "getSubscription", "Read a subscription", Item("Subscription")),
    post(
        "/subscriptions/{id}/cancel",
        "cancelSubscription",
        "Cancel a subscription",
        PerhapsJson("Nothing"),
        "Subscription",
    ),
    get(
        "/subscriptions/{id}/invoices",
        "listSubscriptionInvoices",
        "List invoices",
        Collection("Invoice"),
    ),
    get(
        "/subscriptions/{id}/invoices/{invoiceId}",
        "getSubscriptionInvoice",
        "Read an invoice",
        Item("Invoice"),
    ),
    get(
        "/subscription-products",
        "listSubscriptionProducts",
        "List what can be subscribed to",
        Collection("SubscriptionProduct"),
    ),
    public(get(
        "/organization-user-invitations",
        "getInvitationPage",
        "The page of a mailed link",
        Page,
    )),
    post(
        "/organization-user-invitations",
        "inviteOrganizationUser",
        "Invite somebody",
        Json("InvitationInput"),
        "OrganizationUserInvitation",
    ),
    public(Operation {
        gives: Item("Organization"),
        ..post(
            "/organization-user-invitations/accept",
            "acceptInvitation",
            "Accept an invitation",
            Json("Acceptance"),
            "Organization",
        )
    }),
    Operation {
        method: &Method::DELETE,
        gives: Nothing,
        ..get("/organization-users/{id}", "deleteOrganizationUser", "Take somebody out", Nothing)
    },
];

impl Operation {
    /// Whether it answers in one form whatever is asked for.
    pub(super) fn has_one_form(&self) -> bool {
        matches!(self.gives, Picture | Page)
    }

    /// Whether it may carry an idempotency key.
    pub(super) fn takes_keys(&self) -> bool {
        self.method == Method::POST && self.path != "/api/login"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_operations_are_all_there() {
        let seed = [
            "GET /organizations",
            "POST /organizations",
            "GET /organizations/{id}",
            "POST /organizations/clear",
            "POST /organizations/icon",
            "POST /organizations/logo",
            "GET /organizations/mail-footer",
            "PATCH /organizations/mail-footer",
            "GET /locations",
            "POST /locations",
            "GET /locations/{id}",
            "PATCH /locations/{id}",
            "GET /countries",
            "GET /countries/{id}",
            "GET /languages",
            "POST /languages",
            "GET /languages/{id}",
            "POST /integrations/kontomatik/pull",
            "POST /integrations/kontomatik/revoke",
            "POST /integrations/kontomatik/setup",
            "GET /meetings",
            "POST /meetings",
            "GET /meetings/{id}",
            "PATCH /meetings/{id}",
            "GET /subscriptions",
            "POST /subscriptions",
            "GET /subscriptions/{id}",
            "POST /subscriptions/{id}/cancel",
            "GET /subscriptions/{id}/invoices",
            "POST /subscriptions/apply-coupon",
            "POST /subscriptions/clear-coupon",
        ];
        let served: Vec<_> =
            OPERATIONS.iter().map(|of| format!("{} {}", of.method, of.path)).collect();
        for operation in seed {
            assert!(served.contains(&operation.to_owned()), "{operation}");
        }
        assert_eq!(OPERATIONS.iter().filter(|of| of.method == Method::DELETE).count(), 1);
    }
}
