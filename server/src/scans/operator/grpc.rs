//! `OperatorService` on the wire.

use atalaya_proto::{
    errors::v1::Reason,
    scans::v1::{self as pb, operator_service_server::OperatorService},
};
use tonic::{Code, Request, Response, Status};

use super::{error::Error, service::Service};
use crate::{
    auth::{self, Surveyor},
    status::{self, failure},
    users,
};

#[tonic::async_trait]
impl OperatorService for Service {
    async fn get_operator(
        &self,
        _: Request<pb::GetOperatorRequest>,
    ) -> Result<Response<pb::GetOperatorResponse>, Status> {
        Ok(Response::new(pb::GetOperatorResponse { is_set_up: self.is_set_up().await? }))
    }

    async fn set_up_operator(
        &self,
        request: Request<pb::SetUpOperatorRequest>,
    ) -> Result<Response<pb::SetUpOperatorResponse>, Status> {
        let visitor = auth::visitor(&request);
        self.set_up(visitor, &request.get_ref().password).await?;
        Ok(Response::new(pb::SetUpOperatorResponse {}))
    }

    async fn sign_in_operator(
        &self,
        request: Request<pb::SignInOperatorRequest>,
    ) -> Result<Response<pb::SignInOperatorResponse>, Status> {
        let visitor = auth::visitor(&request);
        let request = request.into_inner();
        let (token, expire_time) = self.sign_in(visitor, request.password, request.remember).await?;
        let answer =
            pb::SignInOperatorResponse { token: token.text(), expire_time: Some(expire_time.into()) };
        Ok(Response::new(answer))
    }

    async fn sign_out_operator(
        &self,
        request: Request<pb::SignOutOperatorRequest>,
    ) -> Result<Response<pb::SignOutOperatorResponse>, Status> {
        // An admin has no session here, so that there is none to end.
        if let Surveyor::Operator(operator) = auth::require_surveyor(&request)? {
            self.sign_out(operator).await?;
        }
        Ok(Response::new(pb::SignOutOperatorResponse {}))
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotAuthenticated => failure(Code::Unauthenticated, Reason::NotAuthenticated, text, &[]),
            Error::PasswordWrong => failure(Code::Unauthenticated, Reason::OperatorPasswordWrong, text, &[]),
            Error::Missing => failure(Code::FailedPrecondition, Reason::OperatorMissing, text, &[]),
            Error::Exists => failure(Code::FailedPrecondition, Reason::OperatorExists, text, &[]),
            Error::Invalid(invalid) => users::Error::Invalid(invalid).into(),
            Error::RateLimited(delay) => status::wait(Reason::RateLimited, text, delay),
            Error::Password(cause) => users::Error::Password(cause).into(),
            Error::NoRandomness(cause) => status::internal(&cause),
            Error::Database(cause) => status::database(&cause),
        }
    }
}
