//! Which path a request is about, and what can be asked there.

use axum::http::Method;

use super::operations::{OPERATIONS, Operation};

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
}
