//! The one who calls. Permission is a value: what needs an admin takes an [`Admin`].

use std::{
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

use uuid::Uuid;

/// What an account may do. Each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Works with its own images and tasks.
    User,
    /// Manages users.
    Admin,
    /// Makes and unmakes admins.
    SuperAdmin,
}

impl Role {
    /// The name that the database and the documents use.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::SuperAdmin => "super_admin",
        }
    }
}

/// A name that is no role's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        [Self::User, Self::Admin, Self::SuperAdmin].into_iter().find(|r| r.name() == name).ok_or(UnknownRole)
    }
}

/// Where a call comes from, for rules and for the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The address that the edge saw; unspecified where there is none.
    pub address: IpAddr,
    /// The request's id in the log.
    pub request: RequestId,
}

impl Origin {
    /// Nowhere: what has no caller's request behind it.
    pub const NONE: Self = Self { address: IpAddr::V4(Ipv4Addr::UNSPECIFIED), request: RequestId::NONE };
}

/// A request's id: at most 64 bytes of printable ASCII, perhaps none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId {
    bytes: [u8; Self::MAX],
    length: u8,
}

impl RequestId {
    /// Longest id in bytes, as the edge lets it in.
    pub const MAX: usize = 64;

    /// No id.
    pub const NONE: Self = Self { bytes: [0; Self::MAX], length: 0 };

    /// The id; none for a text that is no id.
    pub fn of(text: &str) -> Self {
        let mut id = Self::NONE;
        let fits = text.len() <= Self::MAX && text.bytes().all(|b| b.is_ascii_graphic());
        if fits {
            id.bytes[..text.len()].copy_from_slice(text.as_bytes());
            id.length = text.len() as u8;
        }
        id
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

/// What a caller's credentials stem from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// A password: a session, or an access token got with one.
    Password,
    /// A refresh token.
    Refresh,
    /// A personal token.
    PersonalToken,
}

/// An authenticated account, the session that it came with, and where it calls from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    account: Uuid,
    role: Role,
    session: Uuid,
    login: Login,
    origin: Origin,
}

/// The caller's role is too low.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAuthorized;

/// The caller's credentials do not stem from a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPasswordLogin;

impl Caller {
    /// For the authentication layer, which has checked the credentials.
    pub fn new(account: Uuid, role: Role, session: Uuid, login: Login, origin: Origin) -> Self {
        Self { account, role, session, login, origin }
    }

    /// Whose account calls.
    pub fn account(&self) -> Uuid {
        self.account
    }

    /// The account's role at this call.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The session, or the personal token, whose credentials the call carries.
    pub fn session(&self) -> Uuid {
        self.session
    }

    /// Where the call comes from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Proof that the credentials stem from a password.
    pub fn require_password_login(&self) -> Result<PasswordLogin, NoPasswordLogin> {
        if self.login == Login::Password { Ok(PasswordLogin(*self)) } else { Err(NoPasswordLogin) }
    }

    /// Whether the caller is an admin or more.
    pub fn is_admin(&self) -> bool {
        self.role >= Role::Admin
    }

    /// Proof of an admin or more.
    pub fn require_admin(&self) -> Result<Admin, NotAuthorized> {
        if self.is_admin() { Ok(Admin(*self)) } else { Err(NotAuthorized) }
    }

    /// Proof of a super_admin.
    pub fn require_super_admin(&self) -> Result<SuperAdmin, NotAuthorized> {
        if self.role == Role::SuperAdmin { Ok(SuperAdmin(*self)) } else { Err(NotAuthorized) }
    }
}

/// A caller who is an admin or a super_admin.
#[derive(Debug, Clone, Copy)]
pub struct Admin(Caller);

impl Admin {
    /// Who it is.
    pub fn caller(self) -> Caller {
        self.0
    }
}

/// A caller who is a super_admin.
#[derive(Debug, Clone, Copy)]
pub struct SuperAdmin(Caller);

impl SuperAdmin {
    /// Who it is.
    pub fn caller(self) -> Caller {
        self.0
    }
}

/// A caller whose credentials stem from a password.
#[derive(Debug, Clone, Copy)]
pub struct PasswordLogin(Caller);

impl PasswordLogin {
    /// Who it is.
    pub fn caller(self) -> Caller {
        self.0
    }
}

/// The operator of site scans, who is no account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SiteOperator {
    session: Uuid,
    origin: Origin,
}

impl SiteOperator {
    /// For the authentication layer, which has checked the credentials.
    pub fn new(session: Uuid, origin: Origin) -> Self {
        Self { session, origin }
    }

    /// The session whose credentials the call carries.
    pub fn session(self) -> Uuid {
        self.session
    }

    /// Where the call comes from.
    pub fn origin(self) -> Origin {
        self.origin
    }
}

/// Who may scan sites: their operator, or an admin.
#[derive(Debug, Clone, Copy)]
pub enum Surveyor {
    /// The operator.
    Operator(SiteOperator),
    /// An account.
    Admin(Admin),
}

impl Surveyor {
    /// Whose account it is; the operator has none.
    pub fn account(self) -> Option<Uuid> {
        match self {
            Self::Operator(_) => None,
            Self::Admin(admin) => Some(admin.caller().account()),
        }
    }
}

/// Somebody who calls, perhaps without credentials.
#[derive(Debug, Clone, Copy)]
pub struct Visitor {
    /// Who it is, if the call carried good credentials.
    pub caller: Option<Caller>,
    /// Where the call comes from.
    pub origin: Origin,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_password_proves_a_password() {
        let caller = |login| Caller::new(Uuid::nil(), Role::User, Uuid::nil(), login, Origin::NONE);
        assert!(caller(Login::Password).require_password_login().is_ok());
        assert!(caller(Login::Refresh).require_password_login().is_err());
        assert!(caller(Login::PersonalToken).require_password_login().is_err());
    }

    #[test]
    fn a_request_id_is_short_and_printable() {
        let longest = "x".repeat(RequestId::MAX);
        for text in ["", "a-b", &longest] {
            assert_eq!(RequestId::of(text).as_str(), text);
        }
        for text in ["a b", "é", "\n", &"x".repeat(RequestId::MAX + 1)] {
            assert_eq!(RequestId::of(text), RequestId::NONE);
        }
    }

    #[test]
    fn proofs_follow_the_order_of_roles() {
        let caller = |role| Caller::new(Uuid::nil(), role, Uuid::nil(), Login::Password, Origin::NONE);
        assert!(caller(Role::User).require_admin().is_err());
        assert!(caller(Role::Admin).require_admin().is_ok());
        assert!(caller(Role::Admin).require_super_admin().is_err());
        assert!(caller(Role::SuperAdmin).require_super_admin().is_ok());
    }

    #[test]
    fn role_names_read_back() {
        for role in [Role::User, Role::Admin, Role::SuperAdmin] {
            assert_eq!(role.name().parse(), Ok(role));
        }
        assert_eq!("root".parse::<Role>(), Err(UnknownRole));
    }
}
