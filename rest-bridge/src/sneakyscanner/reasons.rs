//! The table of errors: a status and words for every reason of the contract. Those of other domains can't come here,
//! and are told all the same.

use atalaya_proto::errors::v1::Reason;
use http::StatusCode;

use super::setup::EXISTS;

/// How a reason is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// With the words of its status.
    Plain(StatusCode),
    /// With these and no message.
    Brief(StatusCode, &'static str),
    /// With these, and what the server says.
    Said(StatusCode, &'static str),
    /// As the document tells of a scan that nobody has.
    NoScan,
    /// As the document tells of a configuration that can't be used.
    BadConfig,
    /// A schedule that nobody has, told like a scan.
    NoSchedule,
    /// A schedule that can't be so, with what is wrong.
    BadSchedule,
}

/// What is told of a reason.
#[expect(clippy::too_many_lines, reason = "a table: a line for each reason")]
pub(super) fn told(reason: Reason) -> Told {
    match reason {
        Reason::ScanNotFound => Told::NoScan,
        Reason::ScanConfigInvalid => Told::BadConfig,
        Reason::OperatorPasswordWrong => Told::Brief(StatusCode::UNAUTHORIZED, "Invalid password"),
        Reason::OperatorMissing => Told::Brief(StatusCode::FORBIDDEN, "Setup required"),
        Reason::OperatorExists => Told::Brief(StatusCode::FORBIDDEN, EXISTS),
        Reason::PasswordLength | Reason::PasswordWeak | Reason::PasswordCommon => {
            Told::Said(StatusCode::BAD_REQUEST, "Invalid password")
        }
        Reason::SettingNotFound => Told::Said(StatusCode::NOT_FOUND, "Setting not found"),
        Reason::SettingInvalid => Told::Said(StatusCode::BAD_REQUEST, "Invalid setting value"),
        Reason::ReportNotFound => Told::Said(StatusCode::NOT_FOUND, "Report not found"),
        Reason::ScanConfigNotFound => Told::Said(StatusCode::NOT_FOUND, "Config not found"),
        Reason::ScheduleNotFound => Told::NoSchedule,
        Reason::ScheduleInvalid => Told::BadSchedule,
        Reason::AlertNotFound => Told::Said(StatusCode::NOT_FOUND, "Alert not found"),
        Reason::AlertRuleNotFound => Told::Said(StatusCode::NOT_FOUND, "Alert rule not found"),
        Reason::AlertRuleInvalid => Told::Said(StatusCode::BAD_REQUEST, "Invalid alert rule"),
        Reason::WebhookNotFound => Told::Said(StatusCode::NOT_FOUND, "Webhook not found"),
        Reason::WebhookInvalid => Told::Said(StatusCode::BAD_REQUEST, "Invalid webhook"),
        Reason::ScanConfigInUse => Told::Said(StatusCode::CONFLICT, "Config in use"),
        Reason::Unspecified | Reason::Internal | Reason::MethodUnknown => {
            Told::Plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Reason::DatabaseUnavailable
        | Reason::StorageUnavailable
        | Reason::CallTimeout
        | Reason::ShuttingDown
        | Reason::RawSocketsForbidden
        | Reason::ResolverUnavailable => Told::Plain(StatusCode::SERVICE_UNAVAILABLE),
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
        | Reason::TargetBusy => Told::Plain(StatusCode::TOO_MANY_REQUESTS),
        Reason::NotAuthenticated
        | Reason::CredentialsInvalid
        | Reason::AccountInactive
        | Reason::TokenReused
        | Reason::OmikronUnknown => Told::Plain(StatusCode::UNAUTHORIZED),
        Reason::NotAuthorized
        | Reason::AlreadyAuthenticated
        | Reason::RoleInvalid
        | Reason::RoleChangeDenied
        | Reason::ActivationDenied
        | Reason::LastSuperAdmin
        | Reason::PasswordLoginRequired
        | Reason::ScopeMissing
        | Reason::IdentitySecretWrong
        | Reason::TargetDenied => Told::Plain(StatusCode::FORBIDDEN),
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
        | Reason::GrantNotFound => Told::Plain(StatusCode::NOT_FOUND),
        Reason::EmailTaken
        | Reason::UsernameTaken
        | Reason::ImageBusy
        | Reason::TaskEnded
        | Reason::IdentityUsernameTaken
        | Reason::OmikronExists => Told::Said(StatusCode::CONFLICT, "Conflict"),
        Reason::PingTimeout | Reason::ResolverTimeout => {
            Told::Said(StatusCode::REQUEST_TIMEOUT, "Request Timeout")
        }
        Reason::ImageTooLarge => Told::Said(StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
        Reason::RequestInvalid
        | Reason::IdempotencyKeyInvalid
        | Reason::IdempotencyKeyReused
        | Reason::IdInvalid
        | Reason::PageInvalid
        | Reason::EmailInvalid
        | Reason::NameInvalid
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
        | Reason::RangeInvalid
        | Reason::PortsInvalid
        | Reason::ConcurrencyInvalid => Told::Said(StatusCode::BAD_REQUEST, "Bad Request"),
    }
}
