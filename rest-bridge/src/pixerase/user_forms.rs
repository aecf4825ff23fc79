//! What the routes of User Management read (facts 1.6).

use atalaya_proto::users::v1 as pb;
use utoipa::{IntoParams, ToSchema};

use super::{
    field::Wrong,
    form::{Form, Shape},
    texts::{Email, GivenName, GivenPassword},
};

/// What a page holds when nothing is said of it (pixerase, GET user), and what it can hold.
const DEFAULT_LIMIT: i64 = 20;
const LIMIT: i64 = 1000;
/// How far a page can be from the first (pixerase, GET user).
const OFFSET_LIMIT: i64 = 100;

/// An account in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct UserId {
    /// User identifier.
    #[param(format = "uuid", example = "75079971-fb0e-4e04-bf07-ceb57faebe84")]
    pub(super) user_id: String,
}

impl Shape for UserId {
    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { user_id: form.path("user_id").uuid()? })
    }
}

/// A page of users.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListUsers {
    /// Number of results; more than 1000 count as 1000.
    #[param(required = false, minimum = 1, default = 20)]
    limit: i64,
    /// Pagination offset.
    #[param(required = false, minimum = 0, maximum = 100, default = 0)]
    offset: i64,
    /// Field to sort by.
    #[param(required = false, inline)]
    sorting_field: SortingField,
    /// Sort order.
    #[param(required = false, inline)]
    sorting_order: SortingOrder,
}

#[derive(Clone, Copy, ToSchema)]
#[schema(rename_all = "lowercase", default = "email")]
enum SortingField {
    Email,
    Name,
}

#[derive(Clone, Copy, ToSchema)]
#[schema(rename_all = "UPPERCASE", default = "DESC")]
enum SortingOrder {
    Asc,
    Desc,
}

impl Shape for ListUsers {
    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let limit = form.query("limit").or(DEFAULT_LIMIT).int(1..=i64::MAX);
        let offset = form.query("offset").or(0).int(0..=OFFSET_LIMIT);
        let fields = [("email", SortingField::Email), ("name", SortingField::Name)];
        let field = form.query("sorting_field").or("email").choice(&fields);
        let orders = [("ASC", SortingOrder::Asc), ("DESC", SortingOrder::Desc)];
        let order = form.query("sorting_order").or("DESC").choice(&orders);
        Ok(Self { limit: limit?, offset: offset?, sorting_field: field?, sorting_order: order? })
    }
}

impl ListUsers {
    pub(super) fn into_request(self) -> pb::ListAccountsRequest {
        let order = match self.sorting_field {
            SortingField::Email => pb::AccountOrder::Email,
            SortingField::Name => pb::AccountOrder::Name,
        };
        pb::ListAccountsRequest {
            page_size: self.limit.min(LIMIT) as i32,
            skip: self.offset as i32,
            order: order.into(),
            descending: matches!(self.sorting_order, SortingOrder::Desc),
        }
    }
}

/// An account for somebody else.
#[derive(ToSchema)]
pub(super) struct CreateUser {
    email: Email,
    name: GivenName,
    password: GivenPassword,
    #[schema(required = false, inline)]
    role: Role,
}

/// A role that can be asked for; nobody may hand out `super_admin`.
#[derive(Clone, Copy, ToSchema)]
#[schema(rename_all = "snake_case", default = "user")]
enum Role {
    User,
    Admin,
    SuperAdmin,
}

impl Shape for CreateUser {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        let (email, name) = (form.body("email").email(), form.body("name").trimmed().text(5..=255));
        let password = form.secret("password").trimmed().text(8..=255);
        let roles = [("user", Role::User), ("admin", Role::Admin), ("super_admin", Role::SuperAdmin)];
        let role = form.body("role").or("user").choice(&roles);
        let password = GivenPassword(password?);
        Ok(Self { email: Email(email?), name: GivenName(name?), password, role: role? })
    }
}

impl CreateUser {
    pub(super) fn into_request(self) -> pb::CreateAccountRequest {
        let role = match self.role {
            Role::User => pb::Role::User,
            Role::Admin => pb::Role::Admin,
            Role::SuperAdmin => pb::Role::SuperAdmin,
        };
        pb::CreateAccountRequest {
            email: self.email.0,
            name: self.name.0,
            password: self.password.0,
            role: role.into(),
        }
    }
}

/// Another name.
#[derive(ToSchema)]
pub(super) struct ChangeName {
    pub(super) name: GivenName,
}

impl Shape for ChangeName {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { name: GivenName(form.body("name").trimmed().text(5..=255)?) })
    }
}

/// Another e-mail.
#[derive(ToSchema)]
pub(super) struct ChangeEmail {
    pub(super) email: Email,
}

impl Shape for ChangeEmail {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { email: Email(form.body("email").email()?) })
    }
}

/// Another password.
#[derive(ToSchema)]
pub(super) struct ChangePassword {
    pub(super) password: GivenPassword,
}

impl Shape for ChangePassword {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { password: GivenPassword(form.secret("password").trimmed().text(8..=255)?) })
    }
}
