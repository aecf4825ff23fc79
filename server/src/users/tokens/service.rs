//! The rules of tokens: who gets one, what it is good for, and when it ends.

use std::{sync::Arc, time::SystemTime};

use uuid::Uuid;

use super::{
    claims::Wire,
    error::Error,
    keys::{Keys, Timed},
    model::{Claims, GRACE, KeyState, Kind, Method, PAIR_ACCESS, Pair, Terms, Token},
    rotating::Rotating,
};
use crate::{
    audit::{Action, Actor, Entry},
    auth::{Caller, Origin, PasswordLogin, SuperAdmin, jws::Unverified},
    clock::SharedClock,
    users::{
        self,
        login::{Attempt, Verified},
        sessions::{
            self,
            model::{Found, Kind as SessionKind, New, Session},
        },
    },
};

/// Tokens.
#[derive(Clone)]
pub struct Service {
    clock: SharedClock,
    accounts: users::Service,
    sessions: sessions::Service,
    keys: Keys,
    rotating: Arc<Rotating>,
    terms: Arc<Terms>,
}

impl Service {
    /// With the keys that sign, and the secret of rotating refresh tokens.
    pub fn new(
        clock: SharedClock,
        accounts: users::Service,
        sessions: sessions::Service,
        keys: Keys,
        rotating_key: &str,
        terms: Terms,
    ) -> Self {
        let rotating = Arc::new(Rotating::new(rotating_key));
        Self { clock, accounts, sessions, keys, rotating, terms: Arc::new(terms) }
    }

    /// An access token for a password.
    pub async fn create_access(&self, attempt: &Attempt) -> Result<(Token, Verified), Error> {
        let verified = self.sessions.verified(attempt).await?;
        let session = self.sessions.session(verified.account().id, self.terms.access);
        let token =
            self.access(verified.account().handle(), &session, Method::Password, session.expire_time).await?;
        self.sessions.begin(&verified, attempt, &session, SessionKind::Access, None).await?;
        Ok((token, verified))
    }

    /// An access token for a refresh token, which stays good.
    pub async fn refresh_access(&self, refresh: &str) -> Result<Token, Error> {
        let claims = self.read(refresh).await?;
        if claims.kind != Kind::Refresh {
            return Err(Error::TypeWrong);
        }
        let found = self.session_of(&claims).await?;
        let expires = (self.clock.now() + self.terms.access).min(claims.expire_time);
        self.access(&claims.user, &found.session, Method::RefreshToken, expires).await
    }

    /// A refresh token for somebody who has logged in with a password.
    pub async fn create_refresh(&self, login: PasswordLogin, user_agent: &str) -> Result<Token, Error> {
        let caller = login.caller();
        let account = self.accounts.own(caller).await.map_err(sessions::Error::from)?;
        let session = self.sessions.session(account.id, self.terms.refresh);
        let token = self.token(account.handle(), &session, Kind::Refresh, session.expire_time).await?;
        let new = New {
            session: &session,
            kind: SessionKind::Refresh,
            secret_hash: None,
            origin: caller.origin(),
            user_agent,
        };
        self.sessions.begin_beside(caller, &new).await?;
        Ok(token)
    }

    /// Revokes one of the caller's own refresh tokens; again, if need be.
    pub async fn revoke_refresh(&self, caller: Caller, refresh: &str) -> Result<(), Error> {
        let claims = self.read(refresh).await?;
        if claims.kind != Kind::Refresh {
            return Err(Error::TypeWrong);
        }
        if claims.account != caller.account() {
            return Err(Error::Invalid);
        }
        let entry = Entry::by(caller, Action("token.revoke"), claims.session);
        Ok(self.sessions.revoke(claims.session, &entry).await?)
    }

    /// What an access token says.
    pub async fn check(&self, access: &str) -> Result<Claims, Error> {
        let claims = self.read(access).await?;
        if claims.kind == Kind::Refresh {
            return Err(Error::TypeWrong);
        }
        self.session_of(&claims).await?;
        Ok(claims)
    }

    /// Who calls with an access token.
    pub async fn authenticate(&self, access: &Unverified<'_>, origin: Origin) -> Result<Caller, Error> {
        let claims = self.claims(access).await?;
        let Kind::Access(method) = claims.kind else { return Err(Error::TypeWrong) };
        let found = self.sessions.find(claims.session).await?.ok_or(Error::Invalid)?;
        if found.session.account != claims.account {
            return Err(Error::Invalid);
        }
        Ok(Caller::new(claims.account, found.role, claims.session, method.into(), origin))
    }

    /// A short access token and a rotating refresh token for a password.
    pub async fn create_pair(&self, attempt: &Attempt) -> Result<(Pair, Verified), Error> {
        let verified = self.sessions.verified(attempt).await?;
        let session = self.sessions.session(verified.account().id, self.terms.refresh);
        let pair = self.pair(verified.account().handle(), &session, Method::Password, 0).await?;
        self.sessions.begin(&verified, attempt, &session, SessionKind::Rotating, None).await?;
        Ok((pair, verified))
    }

    /// The next pair. A token that was used up before the last one ends the session: two hold it.
    pub async fn rotate_pair(&self, origin: Origin, refresh: &str) -> Result<Pair, Error> {
        let (id, count) = self.rotating.read(refresh).ok_or(Error::Invalid)?;
        let mut found = self.rotating_session(id).await?;
        if count == found.rotation {
            let expires = self.clock.now() + self.terms.refresh;
            if self.sessions.rotate(&found, origin, expires).await? {
                found.session.expire_time = expires;
                return self.next_pair(&found, count + 1).await;
            }
            // Another call was first: it is as if this one came a moment later.
            found = self.rotating_session(id).await?;
        }
        let behind = found.rotation.checked_sub(count).filter(|behind| *behind > 0).ok_or(Error::Invalid)?;
        let recent = self.clock.now().duration_since(found.use_time).is_ok_and(|since| since < GRACE);
        if behind == 1 || recent {
            return self.next_pair(&found, found.rotation).await;
        }
        let actor = Actor::Account(found.session.account);
        let entry = Entry::new(actor, Some(origin), Action("token.rotate"), id).refused("used before");
        self.sessions.revoke(id, &entry).await?;
        Err(Error::Reused)
    }

    async fn rotating_session(&self, id: Uuid) -> Result<Found, Error> {
        let found = self.sessions.find(id).await?.ok_or(Error::Invalid)?;
        if found.kind == SessionKind::Rotating { Ok(found) } else { Err(Error::Invalid) }
    }

    async fn next_pair(&self, found: &Found, count: u32) -> Result<Pair, Error> {
        let account = self.accounts.of_session(found.session.account).await.map_err(sessions::Error::from)?;
        self.pair(account.handle(), &found.session, Method::RefreshToken, count).await
    }

    /// The keys that tokens can be verified with.
    pub async fn keys(&self) -> Result<Vec<(Timed, KeyState)>, Error> {
        self.keys.list().await
    }

    /// Makes the next signing key.
    pub async fn rotate_key(&self, proof: SuperAdmin, immediately: bool) -> Result<(Timed, KeyState), Error> {
        self.keys.rotate(immediately, |kid| Entry::by(proof.caller(), Action("key.rotate"), kid)).await
    }

    /// The same, for the operator.
    pub async fn rotate_key_by_operator(&self, immediately: bool) -> Result<(Timed, KeyState), Error> {
        self.keys.rotate(immediately, |kid| Entry::by_operator(Action("key.rotate"), kid)).await
    }

    /// The claim `iss` of every token.
    pub fn issuer(&self) -> &str {
        &self.terms.issuer
    }

    /// What a token says, whatever it is good for. Whether its session is alive is another question: who asks
    /// only this knows a resource server's answer, not ours.
    pub async fn read(&self, token: &str) -> Result<Claims, Error> {
        self.claims(&Unverified::parse(token).ok_or(Error::Invalid)?).await
    }

    async fn claims(&self, token: &Unverified<'_>) -> Result<Claims, Error> {
        let wire: Wire = self.keys.verify(token).await?;
        wire.read(&self.terms.issuer, self.clock.now()).ok_or(Error::Invalid)
    }

    /// The live session of a token's claims. Who was shut out hears that, and not that a token is bad.
    async fn session_of(&self, claims: &Claims) -> Result<Found, Error> {
        if let Some(found) = self.sessions.find(claims.session).await? {
            let ours = found.session.account == claims.account;
            return if ours { Ok(found) } else { Err(Error::Invalid) };
        }
        let active = self.accounts.is_active(claims.account).await.map_err(sessions::Error::from)?;
        Err(if active == Some(false) { Error::AccountInactive } else { Error::Invalid })
    }

    async fn pair(&self, user: &str, session: &Session, method: Method, count: u32) -> Result<Pair, Error> {
        let access = self.access(user, session, method, self.clock.now() + PAIR_ACCESS).await?;
        let text = self.rotating.token(session.id, count);
        Ok(Pair { access, refresh: Token { text, expire_time: session.expire_time } })
    }

    async fn access(
        &self,
        user: &str,
        session: &Session,
        method: Method,
        expires: SystemTime,
    ) -> Result<Token, Error> {
        self.token(user, session, Kind::Access(method), expires).await
    }

    async fn token(
        &self,
        user: &str,
        session: &Session,
        kind: Kind,
        expire_time: SystemTime,
    ) -> Result<Token, Error> {
        let claims = Claims {
            user: user.to_owned(),
            account: session.account,
            kind,
            issue_time: self.clock.now(),
            expire_time,
            id: Uuid::new_v4(),
            session: session.id,
        };
        let text = self.keys.sign(&Wire::of(&claims, &self.terms.issuer)).await?;
        Ok(Token { text, expire_time })
    }
}
