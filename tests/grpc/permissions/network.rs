//! A good request of every method of `NetworkService` and `TargetService`. Nothing is sent: the target is this machine,
//! which the policy keeps from everyone.

use atalaya_proto::network::v1 as network;
use bytes::Bytes;

use super::requests::{Subject, one, unlisted};

const TARGET: &str = "127.0.0.1";

pub(super) fn request(name: &str) -> Vec<Bytes> {
    match name {
        "Ping" => one(&network::PingRequest { host: TARGET.into(), ..Default::default() }),
        "GetAddress" => one(&network::GetAddressRequest { address: TARGET.into() }),
        "AnalyzeDomain" => {
            one(&network::AnalyzeDomainRequest { domain: TARGET.into(), ..Default::default() })
        }
        "ScanPorts" => one(&network::ScanPortsRequest {
            hosts: vec![TARGET.into()],
            ports: "1-10".into(),
            ..Default::default()
        }),
        other => unlisted(other),
    }
}

pub(super) fn of_targets(name: &str, subject: &Subject) -> Vec<Bytes> {
    let account_id = subject.account.clone();
    match name {
        "CheckTarget" => one(&network::CheckTargetRequest { address: TARGET.into() }),
        "GrantTarget" => {
            one(&network::GrantTargetRequest { account_id, cidr: "10.0.0.0/8".into(), note: "a lab".into() })
        }
        "ListTargetGrants" => one(&network::ListTargetGrantsRequest { account_id, ..Default::default() }),
        "RevokeTarget" => one(&network::RevokeTargetRequest { id: subject.grant.clone() }),
        other => unlisted(other),
    }
}
