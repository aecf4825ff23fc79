//! What the routes of User Management read (facts 1.6).

use atalaya_proto::users::v1 as pb;
use utoipa::{IntoParams, ToSchema};

use super::{
    field::Wrong,
    form::{Form, Shape},
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
    #[param(required = false, inline, default = "email")]
    sorting_field: SortingField,
    /// Sort order.
    #[param(required = false, inline, default = "DESC")]
    sorting_order: SortingOrder,
}

#[derive(Clone, Copy, ToSchema)]
#[schema(rename_all = "lowercase")]
enum SortingField {
    Email,
    Name,
}

#[derive(Clone, Copy, ToSchema)]
#[schema(rename_all = "UPPERCASE")]
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
    #[schema(format = "email", max_length = 254, example = "ilovejava23@gmail.com")]
    email: String,
    /// Without white space around it.
    #[schema(min_length = 5, max_length = 255, example = "Egoryan Grishkov")]
    name: String,
    /// Without white space around it.
    #[schema(format = "password", min_length = 8, max_length = 255, example = "SuperBobratus")]
    password: String,
    #[schema(required = false, inline, default = "user")]
    role: Role,
}

/// A role that can be asked for; nobody may hand out `super_admin`.
#[derive(Clone, Copy, ToSchema)]
#[schema(rename_all = "snake_case")]
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
        Ok(Self { email: email?, name: name?, password: password?, role: role? })
    }
}

impl CreateUser {
    pub(super) fn into_request(self) -> pb::CreateAccountRequest {
        let role = match self.role {
            Role::User => pb::Role::User,
            Role::Admin => pb::Role::Admin,
            Role::SuperAdmin => pb::Role::SuperAdmin,
        };
        let Self { email, name, password, .. } = self;
        pb::CreateAccountRequest { email, name, password, role: role.into() }
    }
}

/// Another name.
#[derive(ToSchema)]
pub(super) struct ChangeName {
    /// Without white space around it.
    #[schema(min_length = 5, max_length = 255, example = "super-bagratus")]
    pub(super) name: String,
}

impl Shape for ChangeName {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { name: form.body("name").trimmed().text(5..=255)? })
    }
}

/// Another e-mail.
#[derive(ToSchema)]
pub(super) struct ChangeEmail {
    #[schema(format = "email", max_length = 254, example = "super-bagratus2013@gmail.com")]
    pub(super) email: String,
}

impl Shape for ChangeEmail {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { email: form.body("email").email()? })
    }
}

/// Another password.
#[derive(ToSchema)]
pub(super) struct ChangePassword {
    /// Without white space around it.
    #[schema(format = "password", min_length = 8, max_length = 255, example = "new-secure-password-123")]
    pub(super) password: String,
}

impl Shape for ChangePassword {
    const BODY: bool = true;

    fn read(form: &mut Form) -> Result<Self, Wrong> {
        Ok(Self { password: form.secret("password").trimmed().text(8..=255)? })
    }
}
