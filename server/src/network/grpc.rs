//! `NetworkService` on the wire: who, parse, call, shape.

mod address;
mod domain;
mod ping;
mod ports;

use atalaya_proto::{
    errors::v1::Reason,
    network::v1::{self as pb, network_service_server::NetworkService},
};
use tonic::{Code, Request, Response, Status};

use super::{
    error::Error,
    runs::Refused,
    service::{Asker, AtConsole, Service},
    targets,
    world::Unresolved,
};
use crate::{
    auth,
    status::{self, failure},
};

#[tonic::async_trait]
impl NetworkService for Service {
    type ScanPortsStream = ports::Answers;

    async fn ping(&self, request: Request<pb::PingRequest>) -> Result<Response<pb::PingResponse>, Status> {
        let asker = asker(&request)?;
        let (host, echo) = ping::asked(&request.into_inner())?;
        let (address, echoed) = self.ping(asker, &host, echo).await?;
        Ok(Response::new(ping::answer(address, echoed)))
    }

    async fn get_address(
        &self,
        request: Request<pb::GetAddressRequest>,
    ) -> Result<Response<pb::GetAddressResponse>, Status> {
        let asker = asker(&request)?;
        let address = targets::grpc::address(&request.get_ref().address)?;
        let known = self.address(asker, address).await?;
        Ok(Response::new(address::answer(known)))
    }

    async fn analyze_domain(
        &self,
        request: Request<pb::AnalyzeDomainRequest>,
    ) -> Result<Response<pb::AnalyzeDomainResponse>, Status> {
        let asker = asker(&request)?;
        let ask = domain::asked(request.get_ref())?;
        let start = self.clock().now();
        let report = self.analyze(asker, &ask).await?;
        Ok(Response::new(domain::answer(report, start)))
    }

    async fn scan_ports(
        &self,
        request: Request<pb::ScanPortsRequest>,
    ) -> Result<Response<Self::ScanPortsStream>, Status> {
        let asker = asker(&request)?;
        let request = request.into_inner();
        let scanning = self.scan(asker, ports::asked(&request)?).await?;
        Ok(Response::new(ports::answers(scanning, self.clock(), request.open_only)))
    }
}

fn asker<T>(request: &Request<T>) -> Result<Asker, Status> {
    match request.extensions().get::<AtConsole>() {
        Some(AtConsole) => Ok(Asker::Operator),
        None => auth::require(request).map(Asker::Account),
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::Host(_) => {
                failure(Code::InvalidArgument, Reason::HostInvalid, text.clone(), &[("detail", &text)])
            }
            Error::Scan(invalid) => ports::invalid(&invalid),
            Error::Ports(error) => ports::failed(&error),
            Error::Echo(invalid) => ping::invalid(invalid),
            Error::PingTimeout(timeout) => {
                let seconds = timeout.as_secs_f64().to_string();
                failure(Code::DeadlineExceeded, Reason::PingTimeout, text, &[("timeout", &seconds)])
            }
            Error::AddressUnknown(address) => {
                let address = address.to_string();
                failure(Code::NotFound, Reason::AddressUnknown, text, &[("address", &address)])
            }
            Error::System(cause) => status::internal(&cause),
            Error::Unresolved(name, why) => unresolved(name.as_str(), why, text),
            Error::Unanswered(host, why) => unresolved(&host.to_string(), why, text),
            Error::Denied(denied) => targets::grpc::denied(&denied),
            Error::Refused(refused) => status::wait(reason(refused), text, refused.wait()),
            Error::Database(cause) => status::database(&cause),
        }
    }
}

fn unresolved(name: &str, why: Unresolved, text: String) -> Status {
    match why {
        Unresolved::NotFound => failure(Code::NotFound, Reason::HostNotFound, text, &[("name", name)]),
        Unresolved::TimedOut => failure(Code::DeadlineExceeded, Reason::ResolverTimeout, text, &[]),
        Unresolved::Unavailable => failure(Code::Unavailable, Reason::ResolverUnavailable, text, &[]),
    }
}

fn reason(refused: Refused) -> Reason {
    match refused {
        Refused::TooOften(_) => Reason::RateLimited,
        Refused::TooMany => Reason::TooManyRuns,
        Refused::TargetBusy(_) | Refused::TargetWorn(..) => Reason::TargetBusy,
        Refused::Exhausted(_) => Reason::ProbesExhausted,
    }
}
