//! Texts of an account, for the `OpenAPI` document: what of their rules a schema can say. The form checks
//! their shapes, the server all of their rules.

use utoipa::ToSchema;

/// An e-mail address. Letters of other scripts are letters too.
#[derive(ToSchema)]
#[schema(
    max_length = 254,
    pattern = r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-](\.?[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]){0,63}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,7}$",
    example = "john.smith@example.com"
)]
pub(super) struct Email(pub(super) String);

/// A name at sign-up: not blank, no control characters.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 255,
    pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$",
    example = "John Smith"
)]
pub(super) struct Name(pub(super) String);

/// A name that is changed or given to somebody else: white space around it does not count.
#[derive(ToSchema)]
#[schema(
    min_length = 5,
    max_length = 255,
    pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]{3,}[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$",
    example = "Egoryan Grishkov"
)]
pub(super) struct GivenName(pub(super) String);

/// A password at sign-up: not blank, not digits only.
#[derive(ToSchema)]
#[schema(
    format = "password",
    min_length = 8,
    max_length = 255,
    pattern = r"[^\s0-9]|[0-9]\s|\s[0-9]",
    example = "super-puper-password-123"
)]
pub(super) struct Password(pub(super) String);

/// A password that is changed or given to somebody else: white space around it does not count.
#[derive(ToSchema)]
#[schema(
    format = "password",
    min_length = 8,
    max_length = 255,
    pattern = r"^(?=[\s\S]*([^\s0-9]|[0-9]\s+[0-9]))\s*\S[\s\S]{6,}\S\s*$",
    example = "new-secure-password-123"
)]
pub(super) struct GivenPassword(pub(super) String);
