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

/// A path that is served, and all that can be asked there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route(&'static str);

impl Route {
    /// The one of a request's path; a fixed segment wins over a name.
    pub(super) fn of(path: &str) -> Option<Self> {
        let fits = |template: &str| {
            let (mut wanted, mut given) = (template.split('/'), path.split('/'));
            loop {
                match (wanted.next(), given.next()) {
                    (None, None) => return true,
                    (Some(name), Some(value)) if name.starts_with('{') => {
                        if value.is_empty() {
                            return false;
                        }
                    }
                    (Some(name), Some(value)) if name == value => {}
                    _ => return false,
                }
            }
        };
        OPERATIONS.iter().map(|operation| operation.path).find(|path| fits(path)).map(Self)
    }

    fn operations(self) -> impl Iterator<Item = &'static Operation> {
        OPERATIONS.iter().filter(move |operation| operation.path == self.0)
    }

    /// What a method asks for here.
    pub(super) fn operation(self, method: &Method) -> Option<&'static Operation> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.operations().find(|operation| operation.method == method)
    }

    /// Whether all that can be asked here needs no token.
    pub(super) fn is_public(self) -> bool {
        self.operations().all(|operation| operation.is_public)
    }

    /// Whether it can be changed in part.
    pub(super) fn takes_patches(self) -> bool {
        self.operation(&Method::PATCH).is_some()
    }

    /// The methods that are served here.
    pub(super) fn allow(self) -> String {
        let mut names = Vec::new();
        for operation in self.operations() {
            names.push(operation.method.as_str());
            if operation.method == Method::GET {
                names.push(Method::HEAD.as_str());
            }
        }
        names.join(", ")
    }
}

/// Whether a path is one of this dialect, be it served or not.
pub(super) fn is_ours(path: &str) -> bool {
    let first = |path: &str| path.split('/').nth(1).map(str::to_owned);
    path == "/api/login"
        || first(path).is_some_and(|of_path| {
            let known = |operation: &Operation| first(operation.path).as_ref() == Some(&of_path);
            of_path != "api" && OPERATIONS.iter().any(known)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_path_wins_over_a_name() {
        let route = |path: &str| Route::of(path).map(|route| route.0);
        assert_eq!(route("/organizations/clear"), Some("/organizations/clear"));
        assert_eq!(route("/organizations/k3m9x2ab"), Some("/organizations/{id}"));
        assert_eq!(route("/subscriptions/apply-coupon"), Some("/subscriptions/apply-coupon"));
        assert_eq!(
            route("/subscriptions/1/invoices/2"),
            Some("/subscriptions/{id}/invoices/{invoiceId}")
        );
        for path in ["/organizations/", "/organizations/a/b", "/locations/1/2", "/x"] {
            assert_eq!(route(path), None, "{path}");
        }
    }

    #[test]
    fn a_route_knows_its_methods() {
        let allow = |path: &str| Route::of(path).unwrap().allow();
        assert_eq!(allow("/locations/1"), "GET, HEAD, PATCH");
        assert_eq!(allow("/organizations/clear"), "POST");
        assert_eq!(allow("/organization-users/1"), "DELETE");
        assert!(Route::of("/locations/1").unwrap().takes_patches());
        assert!(!Route::of("/organizations/1").unwrap().takes_patches());
    }

    #[test]
    fn unknown_paths_below_known_ones_are_ours_and_others_are_not() {
        for path in ["/organizations", "/organizations/a/b/c", "/contexts", "/api/login"] {
            assert!(is_ours(path), "{path}");
        }
        for path in ["/", "/login", "/api/v1/users/me", "/employees/1", "/organization"] {
            assert!(!is_ours(path), "{path}");
        }
    }

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
