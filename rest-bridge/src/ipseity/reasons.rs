//! The table of errors: how each reason of the contract is told (facts 3.1, 3.2).

use atalaya_proto::errors::v1::Reason;
use http::StatusCode;

/// How a reason is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    /// By a status, in the framework's words for it.
    Abort(StatusCode),
    /// By a status, in the server's words.
    Said(StatusCode),
    /// As an error of ipseity's own.
    Named(StatusCode, &'static str),
    /// As what is wrong with an argument: 400, in the server's words.
    Argument(&'static str),
}

/// The way of each reason. Those that no call of this dialect can meet are told as plainly as may be.
#[expect(clippy::too_many_lines, reason = "a table: a line for each reason")]
pub(super) fn told(reason: Reason) -> Told {
    match reason {
        Reason::Unspecified | Reason::Internal | Reason::MethodUnknown => {
            Told::Abort(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Reason::DatabaseUnavailable
        | Reason::StorageUnavailable
        | Reason::CallTimeout
        | Reason::ShuttingDown
        | Reason::ResolverUnavailable
        | Reason::RawSocketsForbidden => Told::Abort(StatusCode::SERVICE_UNAVAILABLE),
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
        | Reason::TargetBusy => Told::Abort(StatusCode::TOO_MANY_REQUESTS),
        Reason::NotAuthenticated
        | Reason::TokenReused
        | Reason::OmikronUnknown
        | Reason::OperatorPasswordWrong => Told::Abort(StatusCode::UNAUTHORIZED),
        Reason::NotAuthorized
        | Reason::AlreadyAuthenticated
        | Reason::RoleInvalid
        | Reason::RoleChangeDenied
        | Reason::ActivationDenied
        | Reason::PasswordLoginRequired
        | Reason::ScopeMissing
        | Reason::IdentitySecretWrong
        | Reason::TargetDenied => Told::Abort(StatusCode::FORBIDDEN),
        // An unknown user is told from a wrong password by nothing, so both bear the commoner one's name.
        Reason::CredentialsInvalid => Told::Named(StatusCode::NOT_FOUND, "IncorrectPasswordError"),
        Reason::AccountInactive => Told::Named(StatusCode::FORBIDDEN, "UserDeactivatedError"),
        Reason::AccountNotFound => Told::Named(StatusCode::NOT_FOUND, "UserDoesNotExistError"),
        Reason::UsernameTaken | Reason::EmailTaken => {
            Told::Named(StatusCode::FORBIDDEN, "UserAlreadyExistsError")
        }
        Reason::TokenInvalid => Told::Named(StatusCode::BAD_REQUEST, "InvalidTokenError"),
        Reason::TokenTypeWrong => Told::Named(StatusCode::BAD_REQUEST, "TokenTypeError"),
        Reason::UsernameInvalid | Reason::NameInvalid => Told::Argument("user"),
        Reason::PasswordLength | Reason::PasswordWeak | Reason::PasswordCommon => Told::Argument("pass"),
        // DELETE /user: 404, the delete failed.
        Reason::LastSuperAdmin => Told::Said(StatusCode::NOT_FOUND),
        Reason::ImageNotFound
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
        | Reason::SettingNotFound => Told::Abort(StatusCode::NOT_FOUND),
        Reason::ImageBusy
        | Reason::TaskEnded
        | Reason::IdentityUsernameTaken
        | Reason::OmikronExists
        | Reason::OperatorExists
        | Reason::OperatorMissing
        | Reason::ScanConfigInUse
        | Reason::SigningKeyFixed => Told::Abort(StatusCode::CONFLICT),
        Reason::PingTimeout | Reason::ResolverTimeout => Told::Abort(StatusCode::REQUEST_TIMEOUT),
        Reason::ImageTooLarge => Told::Abort(StatusCode::PAYLOAD_TOO_LARGE),
        Reason::RequestInvalid
        | Reason::IdInvalid
        | Reason::PageInvalid
        | Reason::IdempotencyKeyInvalid
        | Reason::IdempotencyKeyReused
        | Reason::EmailInvalid
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
        | Reason::ScopeInvalid
        | Reason::ExpiryInvalid
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
        | Reason::ConcurrencyInvalid => Told::Abort(StatusCode::BAD_REQUEST),
    }
}
