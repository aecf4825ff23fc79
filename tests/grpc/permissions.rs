//! Who may call what: every method as everybody, printed into `goldens/permissions.txt`.

mod evidence;
mod network;
mod requests;
mod sites;

use std::fmt::Write;

use atalaya_proto::users::v1::CreatePersonalTokenRequest;
use atalaya_tests::{
    House, Person, Plan, contract,
    people::{self, PASSWORD, ROOT_EMAIL, ROOT_PASSWORD, log_in},
    raw, snapshot, tokens, verdict,
};

use self::requests::{Subject, request};

/// What the table begins with.
const HEAD: &str = "\
# Every method of the contract, called by everybody: how it ends. Written by `make bless`.
#
# nobody        carries no token
# owner         a user, about their own account, image or task
# other         a user, about somebody else's
# admin         an admin, about a user's
# super_admin   a super_admin, about a user's
# deactivated   a user whom an admin has shut out, with the token of before
# logged_out    a user who has logged out, with the token of before
# refreshed     the owner, with an access token got with a refresh token
# script        the owner, with a personal token whose only scope is another's
# operator      the operator of site scans, who is no account
";

/// Who calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    Owner,
    Other,
    Admin,
    SuperAdmin,
    Deactivated,
    LoggedOut,
    Refreshed,
    Script,
    Operator,
}

impl Who {
    const ALL: [(&str, Self); 10] = [
        ("nobody", Self::Nobody),
        ("owner", Self::Owner),
        ("other", Self::Other),
        ("admin", Self::Admin),
        ("super_admin", Self::SuperAdmin),
        ("deactivated", Self::Deactivated),
        ("logged_out", Self::LoggedOut),
        ("refreshed", Self::Refreshed),
        ("script", Self::Script),
        ("operator", Self::Operator),
    ];
}

/// Everybody, with an account of their own.
struct Cast {
    other: Person,
    admin: Person,
    deactivated: Person,
    logged_out: Person,
}

/// The caller in a session of their own, so that what ends sessions ends no other cell's; `None` for nobody.
async fn caller(
    house: &House,
    cast: &Cast,
    who: Who,
    owner: &Person,
    method: &str,
) -> Option<(Person, &'static str)> {
    let again =
        async |person: &Person, password| log_in(&house.api, &person.email, password).await.expect("a login");
    Some(match who {
        Who::Nobody => return None,
        Who::Owner => (owner.clone(), PASSWORD),
        // Whoever closes their account is not there for the next cell.
        Who::Other if method.ends_with("/CloseAccount") => (house.user("Another").await, PASSWORD),
        Who::Admin if method.ends_with("/CloseAccount") => (house.admin().await, PASSWORD),
        Who::Other => (again(&cast.other, PASSWORD).await, PASSWORD),
        Who::Admin => (again(&cast.admin, PASSWORD).await, PASSWORD),
        Who::SuperAdmin => {
            (log_in(&house.api, ROOT_EMAIL, ROOT_PASSWORD).await.expect("a login"), ROOT_PASSWORD)
        }
        Who::Deactivated => (cast.deactivated.clone(), PASSWORD),
        Who::LoggedOut => (cast.logged_out.clone(), PASSWORD),
        Who::Refreshed => {
            let refresh = tokens::refresh(owner).await.expect("a refresh token");
            let token = tokens::refreshed(&house.api, &refresh).await.expect("an access token");
            (tokens::again(&house.api, owner, &token), PASSWORD)
        }
        Who::Script => {
            let scope = if method.contains("TaskService") { "image:write" } else { "task:write" };
            (script(house, owner, scope).await, PASSWORD)
        }
        Who::Operator => {
            let token = house.operator().await.token;
            (tokens::again(&house.api, owner, &token), PASSWORD)
        }
    })
}

/// The owner, by a personal token with this scope.
async fn script(house: &House, owner: &Person, scope: &str) -> Person {
    let request = CreatePersonalTokenRequest {
        name: "a script".into(),
        scopes: vec![scope.to_owned()],
        lifetime: None,
    };
    let made = owner.calls.personal_tokens().create_personal_token(request).await.expect("a token");
    tokens::again(&house.api, owner, &made.into_inner().token)
}

/// How a call by somebody about a user's things ends.
async fn cell(house: &House, cast: &Cast, method: &str, who: Who) -> String {
    let owner = house.user("The owner").await;
    let subject = Subject::of(house, &owner, method).await;
    let caller = caller(house, cast, who, &owner, method).await;
    let token = caller.as_ref().map(|(person, _)| person.token.as_str());
    let (email, password) = match &caller {
        Some((person, password)) => (person.email.as_str(), *password),
        None => (owner.email.as_str(), PASSWORD),
    };
    let messages = request(method, &subject, email, password);
    verdict(raw::call(&house.channel, method, token, messages).await.end)
}

#[tokio::test]
async fn every_method_lets_in_whom_the_table_says_and_nobody_else() {
    House::each_as(&Plan::without_workers(), async |house| {
        let cast = Cast {
            other: house.user("Another").await,
            admin: house.admin().await,
            deactivated: people::deactivated(&house.api).await,
            logged_out: people::logged_out(&house.api).await,
        };
        // Who sets up an operator finds one, whoever calls first.
        house.operator().await;
        let mut table = HEAD.to_owned();
        for method in contract::methods() {
            writeln!(table, "\n{}", method.trim_start_matches('/')).expect("memory");
            for (name, who) in Who::ALL {
                let told = cell(house, &cast, &method, who).await;
                writeln!(table, "    {name:<12} {told}").expect("memory");
            }
        }
        snapshot::check("goldens/permissions.txt", &table);
    })
    .await;
}
