//! User Management: list, read, create, change oneself, delete, roles.

use atalaya_client::Error;
use atalaya_proto::users::v1 as pb;
use axum::{Json, extract::State, response::IntoResponse};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::UtoipaMethodRouter, routes};

use super::{
    Pixerase, cookie,
    error::Answer,
    form::Valid,
    responses::{
        BadValue, Conflict, NotAuthenticated, NotAuthorized, NotFound, TooLarge, TooMany, Unavailable,
        WrongShape,
    },
    user_forms::{ChangeEmail, ChangeName, ChangePassword, CreateUser, ListUsers, UserId},
};
use crate::{Door, dialect::Caller};

pub(super) fn routes() -> [UtoipaMethodRouter<Door>; 8] {
    [
        routes!(list, create),
        routes!(read, delete),
        routes!(change_name),
        routes!(change_email),
        routes!(change_password),
        routes!(grant_admin),
        routes!(revoke_admin),
        routes!(activate),
    ]
}

/// An account as it is shown.
#[derive(Serialize, ToSchema)]
pub(super) struct ReadUser {
    #[schema(format = "uuid")]
    id: String,
    /// Empty where the account has only a username.
    #[schema(example = "user1@example.com")]
    email: String,
    #[schema(example = "User One")]
    name: String,
    role: ShownRole,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ShownRole {
    User,
    Admin,
    SuperAdmin,
}

/// A page of accounts.
#[derive(Serialize, ToSchema)]
struct ReadUsers {
    users: Vec<ReadUser>,
}

/// An account that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedUser {
    #[schema(format = "uuid")]
    id: String,
}

impl ReadUser {
    pub(super) fn of(account: Option<pb::Account>) -> Result<Self, Error> {
        let account = account.ok_or_else(|| Error::missing("account"))?;
        let role = match account.role() {
            pb::Role::Unspecified => return Err(Error::missing("role")),
            pb::Role::User => ShownRole::User,
            pb::Role::Admin => ShownRole::Admin,
            pb::Role::SuperAdmin => ShownRole::SuperAdmin,
        };
        Ok(Self { id: account.id, email: account.email, name: account.name, role })
    }
}

impl CreatedUser {
    pub(super) fn of(account: Option<pb::Account>) -> Result<Self, Error> {
        Ok(Self { id: account.ok_or_else(|| Error::missing("account"))?.id })
    }
}

/// Retrieves a paginated list of users with sorting and filtering.
#[utoipa::path(
    get, path = "/api/v1/user/", tag = "User Management", operation_id = "list_users", params(ListUsers),
    security(("cookie" = []), ("bearer" = [])),
    responses((status = 200, body = ReadUsers), NotAuthenticated, NotAuthorized, WrongShape, TooMany, Unavailable)
)]
async fn list(caller: Caller<Pixerase>, Valid(asked): Valid<ListUsers>) -> Answer<Json<ReadUsers>> {
    let page = caller.accounts().list_accounts(asked.into_request()).await?.into_inner();
    let users = page.accounts.into_iter().map(|account| ReadUser::of(Some(account)));
    Ok(Json(ReadUsers { users: users.collect::<Result<_, _>>()? }))
}

/// Retrieves a user by ID.
#[utoipa::path(
    get, path = "/api/v1/user/id/{user_id}/", tag = "User Management", operation_id = "read_user", params(UserId),
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 200, body = ReadUser),
        NotAuthenticated, NotAuthorized, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn read(caller: Caller<Pixerase>, Valid(user): Valid<UserId>) -> Answer<Json<ReadUser>> {
    let found = caller.accounts().get_account(pb::GetAccountRequest { id: user.user_id }).await?.into_inner();
    Ok(Json(ReadUser::of(found.account)?))
}

/// Creates a new user (admin only).
#[utoipa::path(
    post, path = "/api/v1/user/", tag = "User Management", operation_id = "create_user", request_body = CreateUser,
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 201, body = CreatedUser),
        BadValue, NotAuthenticated, NotAuthorized, Conflict, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn create(caller: Caller<Pixerase>, Valid(asked): Valid<CreateUser>) -> Answer<impl IntoResponse> {
    let made = caller.accounts().create_account(asked.into_request()).await?.into_inner();
    Ok((StatusCode::CREATED, Json(CreatedUser::of(made.account)?)))
}

/// Updates the current user's name.
#[utoipa::path(
    patch, path = "/api/v1/user/name/", tag = "User Management", request_body = ChangeName,
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "Changed"),
        BadValue, NotAuthenticated, NotAuthorized, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn change_name(caller: Caller<Pixerase>, Valid(asked): Valid<ChangeName>) -> Answer<StatusCode> {
    caller.accounts().change_name(pb::ChangeNameRequest { name: asked.name.0 }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Updates the current user's email address.
#[utoipa::path(
    patch, path = "/api/v1/user/email/", tag = "User Management", request_body = ChangeEmail,
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "Changed"),
        BadValue, NotAuthenticated, NotAuthorized, Conflict, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn change_email(caller: Caller<Pixerase>, Valid(asked): Valid<ChangeEmail>) -> Answer<StatusCode> {
    caller.accounts().change_email(pb::ChangeEmailRequest { email: asked.email.0 }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Updates the current user's password. Ends all of the user's sessions, this one included.
#[utoipa::path(
    patch, path = "/api/v1/user/password/", tag = "User Management", request_body = ChangePassword,
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "Changed", headers(("Set-Cookie" = String))),
        BadValue, NotAuthenticated, NotAuthorized, TooLarge, WrongShape, TooMany, Unavailable
    )
)]
async fn change_password(
    caller: Caller<Pixerase>,
    State(door): State<Door>,
    Valid(asked): Valid<ChangePassword>,
) -> Answer<impl IntoResponse> {
    caller
        .accounts()
        .change_password(pb::ChangePasswordRequest { password: asked.password.0, ..Default::default() })
        .await?;
    let cookie = cookie::clear(door.settings.secure_cookies).map(|cookie| (SET_COOKIE, cookie));
    Ok((StatusCode::NO_CONTENT, HeaderMap::from_iter(cookie)))
}

/// Deletes a user by ID: oneself, or one of a lower role.
#[utoipa::path(
    delete, path = "/api/v1/user/id/{user_id}/", tag = "User Management", operation_id = "delete_user",
    params(UserId), security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "Deleted"),
        NotAuthenticated, NotAuthorized, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn delete(caller: Caller<Pixerase>, Valid(user): Valid<UserId>) -> Answer<StatusCode> {
    caller.accounts().delete_account(pb::DeleteAccountRequest { id: user.user_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Grants admin role to a user (`super_admin` only).
#[utoipa::path(
    patch, path = "/api/v1/user/id/{user_id}/grant-admin/", tag = "User Management", params(UserId),
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "Granted"),
        NotAuthenticated, NotAuthorized, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn grant_admin(caller: Caller<Pixerase>, Valid(user): Valid<UserId>) -> Answer<StatusCode> {
    caller.accounts().grant_admin(pb::GrantAdminRequest { id: user.user_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes admin role from a user (`super_admin` only).
#[utoipa::path(
    patch, path = "/api/v1/user/id/{user_id}/revoke-admin/", tag = "User Management", params(UserId),
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "Revoked"),
        NotAuthenticated, NotAuthorized, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn revoke_admin(caller: Caller<Pixerase>, Valid(user): Valid<UserId>) -> Answer<StatusCode> {
    caller.accounts().revoke_admin(pb::RevokeAdminRequest { id: user.user_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Activates a user account (admin only).
#[utoipa::path(
    patch, path = "/api/v1/user/id/{user_id}/activate/", tag = "User Management", params(UserId),
    security(("cookie" = []), ("bearer" = [])),
    responses(
        (status = 204, description = "Activated"),
        NotAuthenticated, NotAuthorized, NotFound, WrongShape, TooMany, Unavailable
    )
)]
async fn activate(caller: Caller<Pixerase>, Valid(user): Valid<UserId>) -> Answer<StatusCode> {
    caller.accounts().activate_account(pb::ActivateAccountRequest { id: user.user_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
