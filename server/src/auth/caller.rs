//! The one who calls. Permission is a value: what needs an admin takes an [`Admin`].

use std::str::FromStr;

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

/// An authenticated account and the session that it came with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    account: Uuid,
    role: Role,
    session: Uuid,
}

/// The caller's role is too low.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAuthorized;

impl Caller {
    /// For the authentication layer, which has checked the credentials.
    pub fn new(account: Uuid, role: Role, session: Uuid) -> Self {
        Self { account, role, session }
    }

    /// Whose account calls.
    pub fn account(&self) -> Uuid {
        self.account
    }

    /// The account's role at this call.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The session whose token the call carries.
    pub fn session(&self) -> Uuid {
        self.session
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proofs_follow_the_order_of_roles() {
        let caller = |role| Caller::new(Uuid::nil(), role, Uuid::nil());
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
