//! The failures that routes share, for the `OpenAPI` document: one type per status.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses, PartialSchema, ToSchema,
    openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder},
};

use super::{error::Description, problem::Problems};

type Responses = BTreeMap<String, RefOr<Response>>;

/// A response with a JSON body of a schema by its name.
fn response<T: ToSchema + PartialSchema>(status: &str, description: &str) -> Responses {
    let schema = Ref::from_schema_name(T::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let response =
        ResponseBuilder::new().description(description).content("application/json", content).build();
    BTreeMap::from([(status.to_owned(), response.into())])
}

macro_rules! responses {
    ($($name:ident: $status:literal $schema:ty, $description:literal;)*) => {$(
        #[doc = $description]
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> Responses {
                response::<$schema>($status, $description)
            }
        }
    )*};
}

responses! {
    BadValue: "400" Description, "A value is refused";
    NotAuthenticated: "401" Description, "No session, or one that has ended";
    NotAuthorized: "403" Description, "Not this caller's to do, or asked for by another site's page";
    NotFound: "404" Description, "Does not exist, or not for this caller";
    TimedOut: "408" Description, "No answer in the time given";
    Conflict: "409" Description, "The e-mail belongs to another account";
    TooLarge: "413" Description, "The request body is too large";
    WrongShape: "422" Problems, "The request does not have the documented shape";
    TooMany: "429" Description, "Too many requests; `Retry-After` says how long to wait";
    Unavailable: "503" Description, "The server can't be reached or can't work now";
}
