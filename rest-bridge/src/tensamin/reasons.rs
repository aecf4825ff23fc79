//! The table of errors: a status and a meaning for every reason of the contract (decision 16). Those of other
//! domains can't come here, and are told all the same.

use atalaya_proto::errors::v1::Reason;
use http::StatusCode;

/// What a reason means here; each operation has its own words for most of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Defect,
    Unavailable,
    TooMany,
    /// An id that is none.
    Malformed,
    /// No such identity, or no such registration.
    Unknown,
    /// A secret is wrong.
    Denied,
    Taken,
    /// The server says it best.
    ServersWords,
}

/// The status of each reason.
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
        Reason::NotAuthenticated
        | Reason::CredentialsInvalid
        | Reason::AccountInactive
        | Reason::TokenReused
        | Reason::OmikronUnknown
        | Reason::OperatorPasswordWrong => StatusCode::UNAUTHORIZED,
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
        | Reason::IdempotencyKeyInvalid
        | Reason::IdempotencyKeyReused
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
        | Reason::RangeInvalid
        | Reason::ScanConfigInvalid
        | Reason::ScheduleInvalid
        | Reason::AlertRuleInvalid
        | Reason::WebhookInvalid
        | Reason::SettingInvalid
        | Reason::PortsInvalid
        | Reason::ConcurrencyInvalid => StatusCode::BAD_REQUEST,
    }
}

/// The meaning of each reason.
#[expect(clippy::too_many_lines, reason = "a table: a line for each reason")]
pub(super) fn meaning(reason: Reason) -> Meaning {
    match reason {
        Reason::Unspecified | Reason::Internal | Reason::MethodUnknown => Meaning::Defect,
        Reason::DatabaseUnavailable
        | Reason::StorageUnavailable
        | Reason::CallTimeout
        | Reason::ShuttingDown
        | Reason::ResolverUnavailable
        | Reason::RawSocketsForbidden => Meaning::Unavailable,
        Reason::RateLimited | Reason::ServerBusy | Reason::AccountLocked | Reason::TooManyRegistrations => {
            Meaning::TooMany
        }
        Reason::IdInvalid => Meaning::Malformed,
        Reason::IdentityNotFound | Reason::RegistrationNotFound => Meaning::Unknown,
        Reason::IdentitySecretWrong
        | Reason::OmikronUnknown
        | Reason::OperatorPasswordWrong
        | Reason::NotAuthenticated
        | Reason::NotAuthorized => Meaning::Denied,
        Reason::IdentityUsernameTaken => Meaning::Taken,
        Reason::RoleInvalid
        | Reason::PasswordLoginRequired
        | Reason::ScopeMissing
        | Reason::CredentialsInvalid
        | Reason::AccountInactive
        | Reason::AlreadyAuthenticated
        | Reason::AccountNotFound
        | Reason::EmailTaken
        | Reason::PasswordWeak
        | Reason::RoleChangeDenied
        | Reason::ActivationDenied
        | Reason::ImageNotFound
        | Reason::TaskNotFound
        | Reason::TaskIdInvalid
        | Reason::ImageEmpty
        | Reason::ImageFormatUnsupported
        | Reason::ImageMalformed
        | Reason::ImageTooLarge
        | Reason::ContentTypeMismatch
        | Reason::ModelUnavailable
        | Reason::RequestInvalid
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
        | Reason::IdentityValueInvalid
        | Reason::AvatarInvalid
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
        | Reason::AddressUnknown
        | Reason::GrantNotFound
        | Reason::ScanNotFound
        | Reason::ScanConfigNotFound
        | Reason::ScheduleNotFound
        | Reason::AlertNotFound
        | Reason::AlertRuleNotFound
        | Reason::WebhookNotFound
        | Reason::ReportNotFound
        | Reason::SettingNotFound
        | Reason::PingTimeout
        | Reason::ResolverTimeout
        | Reason::TargetDenied => Meaning::ServersWords,
    }
}
