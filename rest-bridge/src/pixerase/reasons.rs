//! The table of errors: a status and a sentence for every reason of the contract.

use std::borrow::Cow;

use atalaya_client::Error;
use atalaya_proto::errors::v1::Reason;
use http::StatusCode;

use super::error::{INTERNAL, NOT_AUTHENTICATED, NOT_AUTHORIZED, TOO_MANY, UNAVAILABLE};

const UNDECODABLE: &str = "Failed to decode image";

/// The status of each reason. The document's lists win (400, not 415, for what is no image); 413 and
/// 429 are in none of them.
#[expect(clippy::too_many_lines, reason = "a table: a line for each reason")]
pub(super) fn status(reason: Reason) -> StatusCode {
    match reason {
        Reason::Unspecified | Reason::Internal | Reason::MethodUnknown => StatusCode::INTERNAL_SERVER_ERROR,
        Reason::DatabaseUnavailable
        | Reason::StorageUnavailable
        | Reason::CallTimeout
        | Reason::ShuttingDown
        | Reason::ResolverUnavailable
        | Reason::RawSocketsForbidden => StatusCode::SERVICE_UNAVAILABLE,
        Reason::RateLimited
        | Reason::ServerBusy
        | Reason::AccountLocked
        | Reason::TooManyImages
        | Reason::QuotaExceeded
        | Reason::TooManyTasks
        | Reason::TooManyPersonalTokens
        | Reason::TooManyRegistrations
        | Reason::TooManyGrants
        | Reason::TooManyConfigs
        | Reason::TooManySchedules
        | Reason::TooManyWebhooks
        | Reason::TooManyAlertRules
        | Reason::ProbesExhausted
        | Reason::TooManyRuns
        | Reason::TargetBusy => StatusCode::TOO_MANY_REQUESTS,
        Reason::IdempotencyKeyInvalid | Reason::IdempotencyKeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Reason::NotAuthenticated
        | Reason::CredentialsInvalid
        | Reason::AccountInactive
        | Reason::TokenReused
        | Reason::OmikronUnknown
        | Reason::OperatorPasswordWrong => StatusCode::UNAUTHORIZED,
        // A role that passed the schema and is still refused is super_admin, which nobody may hand out.
        Reason::NotAuthorized
        | Reason::AlreadyAuthenticated
        | Reason::RoleInvalid
        | Reason::RoleChangeDenied
        | Reason::ActivationDenied
        | Reason::LastSuperAdmin
        | Reason::PasswordLoginRequired
        | Reason::ScopeMissing
        | Reason::IdentitySecretWrong
        | Reason::TargetDenied => StatusCode::FORBIDDEN,
        // A task's id that passed the schema and is still refused names an operation that there isn't.
        Reason::AccountNotFound
        | Reason::ImageNotFound
        | Reason::RevisionNotFound
        | Reason::AnalysisNotFound
        | Reason::EvidenceMapNotFound
        | Reason::TaskNotFound
        | Reason::TaskIdInvalid
        | Reason::SessionNotFound
        | Reason::PersonalTokenNotFound
        | Reason::IdentityNotFound
        | Reason::RegistrationNotFound
        | Reason::OmikronNotFound
        | Reason::AddressUnknown
        | Reason::GrantNotFound
        | Reason::ScanNotFound
        | Reason::ScanConfigNotFound
        | Reason::ScheduleNotFound
        | Reason::AlertNotFound
        | Reason::AlertRuleNotFound
        | Reason::WebhookNotFound
        | Reason::ReportNotFound
        | Reason::SettingNotFound => StatusCode::NOT_FOUND,
        Reason::EmailTaken
        | Reason::UsernameTaken
        | Reason::ImageBusy
        | Reason::TaskEnded
        | Reason::IdentityUsernameTaken
        | Reason::OmikronExists
        | Reason::OperatorExists
        | Reason::OperatorMissing
        | Reason::ScanConfigInUse => StatusCode::CONFLICT,
        Reason::PingTimeout | Reason::ResolverTimeout => StatusCode::REQUEST_TIMEOUT,
        Reason::ImageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Reason::RequestInvalid
        | Reason::IdInvalid
        | Reason::PageInvalid
        | Reason::EmailInvalid
        | Reason::NameInvalid
        | Reason::PasswordLength
        | Reason::PasswordWeak
        | Reason::ImageEmpty
        | Reason::ImageFormatUnsupported
        | Reason::ImageMalformed
        | Reason::ImageOverLimits
        | Reason::ContentTypeMismatch
        | Reason::ImageNameInvalid
        | Reason::UploadIncomplete
        | Reason::QualityInvalid
        | Reason::DistanceInvalid
        | Reason::AreaInvalid
        | Reason::SidesInvalid
        | Reason::TargetInvalid
        | Reason::ScaleInvalid
        | Reason::AlgorithmInvalid
        | Reason::ModelUnavailable
        | Reason::ResultTooLarge
        | Reason::ImageNotHashable
        | Reason::UsernameInvalid
        | Reason::PasswordCommon
        | Reason::TokenInvalid
        | Reason::TokenTypeWrong
        | Reason::ScopeInvalid
        | Reason::ExpiryInvalid
        | Reason::SigningKeyFixed
        | Reason::IdentityValueInvalid
        | Reason::AvatarInvalid
        | Reason::HostInvalid
        | Reason::HostNotFound
        | Reason::TimeoutInvalid
        | Reason::PacketSizeInvalid
        | Reason::TtlInvalid
        | Reason::PortsInvalid
        | Reason::ConcurrencyInvalid
        | Reason::RangeInvalid
        | Reason::ScanConfigInvalid
        | Reason::ScheduleInvalid
        | Reason::AlertRuleInvalid
        | Reason::WebhookInvalid
        | Reason::SettingInvalid => StatusCode::BAD_REQUEST,
    }
}

/// The words of each reason: upstream's where facts 1.4 and 1.6 know them, otherwise the server's.
#[expect(clippy::too_many_lines, reason = "a table: a line for each reason")]
pub(super) fn description(reason: Reason, error: &Error) -> Cow<'static, str> {
    let of = |key: &str| error.metadata.get(key).map_or("", String::as_str);
    match reason {
        Reason::Unspecified | Reason::Internal | Reason::MethodUnknown => INTERNAL.into(),
        Reason::DatabaseUnavailable
        | Reason::StorageUnavailable
        | Reason::CallTimeout
        | Reason::ShuttingDown
        | Reason::ResolverUnavailable
        | Reason::RawSocketsForbidden => UNAVAILABLE.into(),
        Reason::RateLimited | Reason::ServerBusy | Reason::AccountLocked => TOO_MANY.into(),
        Reason::NotAuthenticated => NOT_AUTHENTICATED.into(),
        Reason::NotAuthorized
        | Reason::RoleInvalid
        | Reason::PasswordLoginRequired
        | Reason::ScopeMissing => NOT_AUTHORIZED.into(),
        Reason::CredentialsInvalid => "Invalid email or password.".into(),
        Reason::AccountInactive => "Your account is inactive. Please contact support.".into(),
        Reason::AlreadyAuthenticated => "You are already authenticated. Consider logging out.".into(),
        Reason::AccountNotFound => format!("Can't find user by id: {}", of("id")).into(),
        Reason::EmailTaken => format!("user with this email: {} already exists", of("email")).into(),
        Reason::PasswordWeak => "Please enter password with digits and alphas, not only digits".into(),
        Reason::RoleChangeDenied => denied("role", of("name"), of("role")),
        Reason::ActivationDenied => denied("activation", of("name"), of("role")),
        Reason::ImageNotFound => format!("image with id: {} not found", of("id")).into(),
        Reason::TaskNotFound => format!("task with id {} not found", of("id")).into(),
        Reason::TaskIdInvalid => "task not found".into(),
        Reason::ImageEmpty | Reason::ImageFormatUnsupported | Reason::ImageMalformed => UNDECODABLE.into(),
        Reason::PingTimeout => format!("Ping timeout after {} seconds", seconds(of("timeout"))).into(),
        Reason::AddressUnknown => format!("IP information not found for {}", of("address")).into(),
        Reason::ImageTooLarge => format!("Image is too large: at most {} bytes", of("max")).into(),
        Reason::ContentTypeMismatch => format!("Invalid content type {}", of("declared")).into(),
        Reason::ModelUnavailable => {
            "This server has no model files for that: its operator builds them with `make data`.".into()
        }
        Reason::RequestInvalid
        | Reason::IdInvalid
        | Reason::PageInvalid
        | Reason::IdempotencyKeyInvalid
        | Reason::IdempotencyKeyReused
        | Reason::EmailInvalid
        | Reason::NameInvalid
        | Reason::PasswordLength
        | Reason::LastSuperAdmin
        | Reason::RevisionNotFound
        | Reason::AnalysisNotFound
        | Reason::EvidenceMapNotFound
        | Reason::ImageBusy
        | Reason::ImageOverLimits
        | Reason::ImageNameInvalid
        | Reason::UploadIncomplete
        | Reason::QualityInvalid
        | Reason::DistanceInvalid
        | Reason::AreaInvalid
        | Reason::SidesInvalid
        | Reason::TargetInvalid
        | Reason::ScaleInvalid
        | Reason::AlgorithmInvalid
        | Reason::ResultTooLarge
        | Reason::ImageNotHashable
        | Reason::TooManyImages
        | Reason::QuotaExceeded
        | Reason::TaskEnded
        | Reason::TooManyTasks
        | Reason::UsernameInvalid
        | Reason::UsernameTaken
        | Reason::PasswordCommon
        | Reason::SessionNotFound
        | Reason::TokenInvalid
        | Reason::TokenTypeWrong
        | Reason::TokenReused
        | Reason::ScopeInvalid
        | Reason::ExpiryInvalid
        | Reason::PersonalTokenNotFound
        | Reason::TooManyPersonalTokens
        | Reason::SigningKeyFixed
        | Reason::IdentityNotFound
        | Reason::IdentityUsernameTaken
        | Reason::IdentityValueInvalid
        | Reason::IdentitySecretWrong
        | Reason::AvatarInvalid
        | Reason::RegistrationNotFound
        | Reason::TooManyRegistrations
        | Reason::OmikronUnknown
        | Reason::OperatorPasswordWrong
        | Reason::OmikronNotFound
        | Reason::OmikronExists
        | Reason::OperatorExists
        | Reason::OperatorMissing
        | Reason::ScanConfigInUse
        | Reason::TooManyGrants
        | Reason::TooManyConfigs
        | Reason::TooManySchedules
        | Reason::TooManyWebhooks
        | Reason::TooManyAlertRules
        | Reason::ProbesExhausted
        | Reason::TooManyRuns
        | Reason::TargetBusy
        | Reason::HostInvalid
        | Reason::HostNotFound
        | Reason::TimeoutInvalid
        | Reason::PacketSizeInvalid
        | Reason::TtlInvalid
        | Reason::RangeInvalid
        | Reason::ScanConfigInvalid
        | Reason::ScheduleInvalid
        | Reason::AlertRuleInvalid
        | Reason::WebhookInvalid
        | Reason::SettingInvalid
        | Reason::PortsInvalid
        | Reason::ConcurrencyInvalid
        | Reason::TargetDenied
        | Reason::GrantNotFound
        | Reason::ScanNotFound
        | Reason::ScanConfigNotFound
        | Reason::ScheduleNotFound
        | Reason::AlertNotFound
        | Reason::AlertRuleNotFound
        | Reason::WebhookNotFound
        | Reason::ReportNotFound
        | Reason::SettingNotFound
        | Reason::ResolverTimeout => error.message.clone().into(),
    }
}

/// Seconds as Python writes a float: `4.0`.
fn seconds(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.to_owned(), |seconds| format!("{seconds:?}"))
}

fn denied(change: &str, name: &str, role: &str) -> Cow<'static, str> {
    format!("Changing {change} of user '{name}' ({role}) is not permitted.").into()
}
